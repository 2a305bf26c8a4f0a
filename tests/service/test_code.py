"""Students' code beside the report, compared with an earlier one, and the files that they start from."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from acting import put, verdict
from course import RIGHT, WRONG, hand_in

from autograder import pipeline
from autograder.model import CriterionMark, Place
from autograder.service.store.schema import AssignmentRow, AuditRow, JobRow, SubmissionRow, now
from autograder.service.web.student.code import annotated, compared, notes_of, source_of

LOOP = WRONG.replace(b"self.step_count += 1", b"while True: pass", 1)
LOOP_LINE = LOOP[: LOOP.index(b"while True")].count(b"\n") + 1
FAULT = f"Your code was still running after 1 s of computing (line {LOOP_LINE}: `while True: pass`). Look for a loop that does not end."
ROWS = (
    CriterionMark("sgd", "The plain step", 0, 10, "failed", (FAULT,)),
    CriterionMark("state", "State", 1, 5, "partial", ("Something else.", FAULT)),
    CriterionMark("adam", "Moments", 5, 10, "partial"),
)


def told(**changed):
    return verdict(criteria=ROWS, **changed)


@pytest.fixture
def ada(service):
    return service.browser("Ada")


def upload(service, id_, content, name="optimizers.py"):
    with service.by_hand() as db:
        one = db.get_one(SubmissionRow, id_)
        one.upload, one.name = content, name


def row_of(page: str, line: int) -> str:
    """The HTML of a line's row and of what stands below it, up to the next line."""
    return page.partition(f'<tr id="L{line}"')[2].partition(f'<tr id="L{line + 1}"')[0]


def test_the_line_at_which_the_code_was_stopped_is_marked_with_its_message_below(service, ada):
    id_ = put(service, body=told())
    upload(service, id_, LOOP)
    page = ada.get(f"/s/{id_}/code").text
    row = row_of(page, LOOP_LINE)
    assert 'class="marked"' in row
    assert "The plain step, State" in row, "the rows that it cost"
    assert "Look for a loop that does not end." in row
    assert "line-note" not in row_of(page, LOOP_LINE + 1)
    assert page.count("Look for a loop") == 1
    assert f'href="/s/{id_}/code"' in ada.get(f"/s/{id_}").text


def test_a_place_is_marked_with_the_hint_of_its_row_and_its_repair_is_for_staff_alone(service, ada):
    place = Place(20, 21, "x", "adam", "operand", edit="THE REPAIR")
    id_ = put(service, body=verdict(places=(place,)))
    upload(service, id_, WRONG)
    page = ada.get(f"/s/{id_}/code").text
    assert 'class="marked"' in row_of(page, 20)
    assert "HINT" not in row_of(page, 20)
    assert "HINT" in row_of(page, 21)
    assert "THE REPAIR" not in page


def test_a_place_with_a_note_has_the_hint_of_its_idea_too(service, ada):
    place = Place(20, 20, "x", "adam", "operand", note="THE NOTE")
    id_ = put(service, body=verdict(places=(place,)))
    upload(service, id_, WRONG)
    row = row_of(ada.get(f"/s/{id_}/code").text, 20)
    assert row.index("THE NOTE") < row.index("HINT")


def test_a_course_that_shows_no_hints_shows_none_beside_the_code(service, ada):
    id_ = put(service, body=told(places=(Place(20, 20, "x", "adam", "operand"),)))
    upload(service, id_, LOOP)
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"show_hints": "never"}
    page = ada.get(f"/s/{id_}/code").text
    assert "line-note" not in page
    assert 'class="marked"' not in page


def test_a_place_in_a_notebooks_cell_is_found_where_its_cells_are_joined():
    place = Place(2, 2, "y = 1", "adam", "operand", cell=3)
    assert [note.line for note in notes_of(verdict(places=(place,)), ((3, 1), (9, 3)))] == [11]
    assert notes_of(verdict(places=(place,)), ((3, 1),)) == (), "the file has no such cell: no line is marked"


def test_two_submissions_are_compared_line_by_line(service, ada):
    first, second = put(service), put(service, number=2)
    upload(service, first, b"import numpy\n\n\ndef f(x):\n    return x + 1\n")
    upload(service, second, b"import numpy\n\n\ndef f(x):\n    return x + 2\n")
    page = ada.get(f"/s/{second}/code?with={first}").text
    assert page.count('class="removed"') == page.count('class="added"') == 1
    assert "<option" in page
    upload(service, second, b"import numpy\n\n\ndef f(x):\n    return x + 1\n")
    assert "Both submissions have the same code." in ada.get(f"/s/{second}/code?with={first}").text


def test_a_comparison_holds_every_line_that_changed_and_few_others():
    before = "\n".join(map(str, range(100)))
    lines = list(compared(before, before.replace("50", "fifty")))
    assert [(line.sign, line.before, line.number) for line in lines if line.sign] == [("−", 51, None), ("+", None, 51)]
    assert len(lines) == 8
    assert [line.gap for line in lines].count(True) == 1


def test_nobody_is_compared_with_somebody_else(service, ada):
    mine, theirs = put(service), put(service, "Bob")
    assert ada.get(f"/s/{mine}/code?with={theirs}").status_code == 404


def test_code_is_text_whatever_is_in_it(service, ada):
    id_ = put(service)
    upload(service, id_, "x = '<script>alert(1)</script>'  # \u202e hidden\n".encode())
    page = ada.get(f"/s/{id_}/code").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert r"\u202e" in page


def test_every_line_of_a_file_is_a_line_of_the_page():
    """Also within a text of several lines, and whatever the file ends with."""
    source = 'def f():\n    """One.\n\n    Two.\n    """\n\tx = 1\n\n\n'
    assert [line.number for line in annotated(source, ())] == list(range(1, source.count("\n") + 2))


def test_what_cannot_be_read_as_code_says_why(service, ada):
    id_ = put(service)
    upload(service, id_, b"PK", "work.zip")
    assert "work.zip" in ada.get(f"/s/{id_}/code").text
    upload(service, id_, None)
    assert "This file has been erased." in ada.get(f"/s/{id_}/code").text
    assert ada.get(f"/s/{id_}/file").status_code == 410


def test_a_file_comes_back_byte_by_byte_and_staff_who_take_it_are_written_down(service, ada):
    content = bytes(range(256))
    id_ = put(service)
    upload(service, id_, content, "optimizers.py")
    got = ada.get(f"/s/{id_}/file")
    assert got.content == content
    assert got.headers["Content-Disposition"] == 'attachment; filename="submission-1.py"'
    assert got.headers["Content-Type"] == "application/octet-stream"
    service.browser("Staff").get(f"/s/{id_}/file")
    with service.store.reading() as db:
        assert [one.action for one in db.query(AuditRow).where(AuditRow.object_id == id_)] == ["upload.downloaded"]


def test_the_source_of_a_submission_is_the_one_that_was_marked():
    one = SubmissionRow(name="optimizers.py", upload="\ufeffx = 1\r\ny = 2\r\n".encode())
    assert source_of(one, "optimizers.py") == ("x = 1\ny = 2\n", "", ())


# --------------------------------------------------------------------------------------------------- starter files
def test_starter_files_are_packed_once_and_downloaded_with_the_students_own_quiz(service, ada):
    url = f"/a/{service.assignment}"
    assert f'href="{url}/starter"' in ada.get(url).text
    assert "Packing your starter files" in ada.get(f"{url}/starter").text
    ada.get(f"{url}/starter?part=1")
    assert service.work() == ["package"], "two looks ask for one packing"
    assert f'href="{url}/starter"' in ada.get(f"{url}/starter?part=1").text
    names, quiz = opened(ada.get(f"{url}/starter").content)
    assert {"optimizers.py", "check.py"} <= names
    assert any(name.startswith("tinytorch/") for name in names)
    assert "quiz.toml" not in names, "a quiz that is nobody's"
    assert quiz == ""
    ada.get(f"{url}/quiz")
    service.work()
    names, quiz = opened(ada.get(f"{url}/starter").content)
    assert "## 1." in quiz
    assert opened(service.browser("Bob").get(f"{url}/starter").content)[1] == "", "his questions are not drawn yet"


def opened(body: bytes) -> tuple[set[str], str]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        quiz = archive.read("optimizers/quiz.md").decode() if "quiz.md" in names else ""
    return names, quiz


def test_starter_files_are_not_there_before_the_assignment_opens(service, ada):
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"opens_at": now() + 3600}
    assert ada.get(f"/a/{service.assignment}/starter").status_code == 404
    assert service.browser("Staff").get(f"/a/{service.assignment}/starter").status_code == 200


def test_files_that_could_not_be_packed_are_our_fault_and_are_not_tried_for_ever(service, ada):
    url = f"/a/{service.assignment}/starter"
    ada.get(url)
    with service.by_hand() as db:
        db.query(JobRow).one().state = "parked"
    assert "could not be packed. This is our fault" in ada.get(url).text
    with service.store.reading() as db:
        assert db.query(JobRow).count() == 1


# ------------------------------------------------------------------------------------------------------- the report
def test_a_report_begins_with_what_stopped_the_code_and_says_whose_it_is(service, ada):
    id_ = put(service, body=told())
    page = ada.get(f"/s/{id_}").text
    heading = page.partition("<h1>")[2].partition("</h1>")[0]
    assert heading.startswith("Your code was still running after 1 s of computing (line")
    which = page.partition('class="which"')[2].partition("</p>")[0]
    assert all(word in which for word in ("Optimizers", "Machine learning systems", "Ada", "Submission 1"))
    assert page.index("Hand in again") < page.index("The plain step")
    assert page.index("<summary>How this was marked") < page.index("e" * 64)


@pytest.mark.slow
def test_real_code_that_loops_is_told_so_first(service, ada, monkeypatch):
    monkeypatch.setattr(pipeline, "LIMITS", replace(pipeline.LIMITS, scenario_seconds=0.3))
    id_ = hand_in(service, "Ada", LOOP)
    service.work()
    page = ada.get(f"/s/{id_}").text
    assert "was still running after" in page.partition("<h1>")[2].partition("</h1>")[0]
    assert "line-note" in row_of(ada.get(f"/s/{id_}/code").text, LOOP_LINE)


def test_code_of_a_right_answer_has_no_notes(service, ada):
    id_ = hand_in(service, "Ada", RIGHT)
    service.work()
    assert "line-note" not in ada.get(f"/s/{id_}/code").text
