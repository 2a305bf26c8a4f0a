"""What platforms give for a class: naming schemes, attempts, late marks, two files of one person, and odd zips."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.export.gradebook import gradebook
from autograder.gather import gather
from autograder.intake import read
from autograder.intake.bulk import BadBulk, date_of, decoded_name, submitters_of, unpack
from autograder.roster import decoded, owners, parse

CODE, OLD, QUIZ = b"class SGD: pass\n", b"class Old: pass\n", b"[answers]\n"


@dataclass(frozen=True)
class Student:
    user: str
    number: int
    first: str
    last: str


ADA = Student("ada01", 1234, "Ada", "Lovelace")
LUK = Student("luk_2", 1235, "Łukasz", "Żółć")
BOB = Student("bob.s", 1236, "Bob", "van der Stone-Smith")
CLASS = (ADA, LUK, BOB)


def key_of(platform: str, who: Student) -> str:
    """The key by which a download of this platform knows somebody."""
    number = {"Moodle": f"participant {who.number}", "Brightspace": f"user {who.number}", "Canvas": str(who.number)}
    return number.get(platform, who.user)


def canvas(who: Student, attempt: int, file: str, *, late: bool) -> str:
    stem, dot, ending = file.rpartition(".")
    name = "".join(c for c in f"{who.last}{who.first}".lower() if c.isalnum())
    version = f"-{attempt}" if attempt else ""
    return f"{name}_{'LATE_' * late}{who.number}_{67890 + attempt}_{stem}{version}{dot}{ending}"


def moodle(who: Student, _attempt: int, file: str, **_: object) -> str:
    return f"{who.first} {who.last}_{who.number}_assignsubmission_file/{file}"


def moodle_flat(who: Student, _attempt: int, file: str, **_: object) -> str:
    return f"{who.first} {who.last}_{who.number}_assignsubmission_file_{file}"


def blackboard(who: Student, attempt: int, file: str, **_: object) -> str:
    return f"Optimizers_Part_1_{who.user}_attempt_2026-10-0{attempt + 1}-10-11-12_{file}"


def brightspace(who: Student, attempt: int, file: str, **_: object) -> str:
    return f"{who.number}-67890 - {who.first} {who.last} - Oct {attempt + 1}, 2026 1011 PM/{file}"


def gradescope(who: Student, _attempt: int, file: str, **_: object) -> str:
    return f"assignment_5_export/submission_{who.number}/{file}"


SCHEMES = {
    "Canvas": canvas, "Moodle": moodle, "Moodle flat": moodle_flat, "Blackboard": blackboard,
    "Brightspace": brightspace, "Gradescope": gradescope,
}  # fmt: skip
ATTEMPTS = {"Canvas", "Blackboard", "Brightspace"}


def beside(platform: str) -> dict[str, bytes]:
    made = {"index.html": b"<html>", ".DS_Store": b"", "__MACOSX/._x.py": b"junk", "Thumbs.db": b""}
    if platform == "Blackboard":
        for who in CLASS:
            made[f"Optimizers_Part_1_{who.user}_attempt_2026-10-01-10-11-12.txt"] = f"Name: X ({who.user})\n".encode()
    if platform == "Gradescope":
        told = "".join(
            f"submission_{who.number}:\n  :submitters:\n  - :name: {who.first} {who.last}\n    :sid: '{who.user}'\n"
            f"    :email: {who.user}@uni.edu\n  :created_at: 2026-10-01\n  :results:\n    :output: |\n"
            "      submission_1:\n        :submitters:\n        - :name: Mallory\n"
            for who in CLASS
        )
        made["assignment_5_export/submission_metadata.yml"] = told.encode()
    return made


def packed(files: dict[str, bytes], path: Path, *, backslashes: bool, flag: bool) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    data = path.read_bytes()
    for name in files:
        raw = name.encode()
        if backslashes:
            data = data.replace(raw, raw.replace(b"/", b"\\"))
    if not flag:  # as Windows writes it: UTF-8 without saying so
        for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            head, *rest = data.split(signature)
            data = head + b"".join(
                signature + r[: at - 4] + bytes([r[at - 4], r[at - 3] & ~0x08]) + r[at - 2 :] for r in rest
            )
    path.write_bytes(data)
    return path


def laid_out(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(SCHEMES)), st.booleans(), st.integers(0, 2), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from(["", "download/", "hw 1/all/"]),
)  # fmt: skip
def test_everybody_is_found_with_code_and_quiz_of_the_newest_attempt(
    tmp_path_factory, scheme, as_zip, attempts, late, quiz, backslashes, flag, around
):
    tmp, named = tmp_path_factory.mktemp("bulk"), SCHEMES[scheme]
    platform = scheme.removesuffix(" flat")
    last = attempts if platform in ATTEMPTS else 0
    files = beside(platform)
    for who in CLASS:
        for attempt in range(last + 1):
            files[named(who, attempt, "optimizers.py", late=late)] = CODE if attempt == last else OLD
        if quiz:
            files[named(who, last, "quiz.toml", late=late)] = QUIZ
    files = {around + name: data for name, data in files.items()}
    path = packed(files, tmp / "it.zip", backslashes=backslashes, flag=flag) if as_zip else laid_out(files, tmp / "it")
    bulk = unpack(path, tmp / "out")
    assert bulk is not None
    assert (bulk.platform, bulk.left, len(bulk.people)) == (platform, (), 3)
    for who in CLASS:
        key = key_of(platform, who)
        (one,) = [person for person in bulk.people if key in person.keys]
        there = {file.name: file.read_bytes() for file in one.folder.rglob("*") if file.is_file()}
        assert there == {"optimizers.py": CODE} | ({"quiz.toml": QUIZ} if quiz else {})
        assert one.late == (late and platform == "Canvas")


def test_what_is_no_download_is_none(tmp_path):
    for name in ("ada/optimizers.py", "bob/optimizers.py", "it.zip.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(CODE)
    assert unpack(tmp_path, tmp_path / "out") is None
    assert unpack(tmp_path / "ada/optimizers.py", tmp_path / "out") is None
    (tmp_path / "broken.zip").write_bytes(b"PK")
    assert unpack(tmp_path / "broken.zip", tmp_path / "out") is None


def test_a_file_of_nobody_is_said_and_no_name_leaves_its_folder(tmp_path):
    files = {canvas(ADA, 0, "optimizers.py", late=False): CODE, canvas(BOB, 0, "optimizers.py", late=False): CODE}
    files |= {"stray.py": b"", "lovelaceada_1234_567_../../evil.py": b"x"}
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    bulk = unpack(tmp_path / "it.zip", tmp_path / "in" / "out")
    assert "stray.py" in bulk.left
    assert not [path for path in tmp_path.rglob("evil.py") if "out" not in path.parts]


def gathered(paths: list[Path], tmp: Path, roster=None):
    said: list[str] = []
    label = lambda path: path.stem if path.stem != "optimizers" else path.parent.name  # noqa: E731
    found = gather(paths, "optimizers.py", tmp / "unpacked", roster=roster, label=label, say=said.append)
    return found, said


def zipped(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


SOLUTION = b"class Optimizer: pass\n"
GRADEBOOKS = {  # header, a row of each student, the column of marks
    "Canvas": ("Student,ID,SIS User ID,SIS Login ID,Section,Optimizers (991)", '"{last}, {first}",{number},s{number},{user},S1,', -1),
    "Moodle": ("Identifier,Full name,Email address,Status,Grade,Maximum Grade", "Participant {number},{first} {last},{user}@uni.edu,Submitted,,100.00", 4),
    "Blackboard": ("Last Name,First Name,Username,Student ID,Optimizers [Total Pts: 100 Score] |12345", "{last},{first},{user},s{number},", -1),
    "Brightspace": ("OrgDefinedId,Username,Last Name,First Name,Optimizers Points Grade <Numeric MaxPoints:100>,End-of-Line Indicator", "#s{number},#{user},{last},{first},,#", -2),
    "Gradescope": ("First Name,Last Name,SID,Email,Total Score,Max Points,Status", "{first},{last},{user},{user}@uni.edu,,100,Graded", 4),
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(list(SCHEMES)),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
    st.permutations(CLASS),
)
def test_a_download_and_the_platforms_own_export_make_the_gradebook_of_the_right_people(
    tmp_path_factory, scheme, separator, encoding, as_zip, order
):
    tmp, platform = tmp_path_factory.mktemp("class"), scheme.removesuffix(" flat")
    files = beside(platform) | {SCHEMES[scheme](who, 0, "optimizers.py", late=False): SOLUTION for who in CLASS}
    path = zipped(files, tmp / "it.zip") if as_zip else laid_out(files, tmp / "it")
    header, row, mark = GRADEBOOKS[platform]
    table = list(csv.reader([header, *(row.format(**vars(who)) for who in order)]))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(table)
    roster = parse(*[decoded(out.getvalue().encode(encoding))[0], "it.csv", encoding])
    found, said = gathered([path], tmp, roster)
    assert (len(said), sorted(one.student for one in found)) == (1, sorted(person.id for person in roster.people))
    points = {who.user: 10.0 * n for n, who in enumerate(CLASS, start=1)}
    reports = []
    for one in found:
        (who,) = [who for who in CLASS if key_of(platform, who) in one.known_as]
        told = {
            "schema": "gradmark.report/1",
            "assignment": "optimizers",
            "status": "graded",
            "score": points[who.user],
        }
        reports.append(told | {"max_score": 100, "submission": {"path": one.shown, "known_as": one.known_as[1:]}})
    made = gradebook(platform.lower(), "\n".join(map(json.dumps, reports)), roster)
    rows = [
        cells
        for cells in csv.reader(io.StringIO(made.text))
        if any(who.last in "".join(cells) or who.user in "".join(cells) for who in CLASS)
    ]
    assert [float(cells[mark]) for cells in rows] == [points[who.user] for who in order]


ODD_NAMES = [
    ("Séamus", "O'Neill-García"), ("Jan Piet", "van der Berg"), ("민준", "김"), ("小明", "王"), ("Анна-Мария", "Иванова"),
    ("محمد", "الحسيني"), ("\u202bمريم\u202c", "الأحمد"), ("Martin", "King, Jr."), ("John", "Smith"), ("John", "Smith"),
    ("María José", "García Márquez"), ("A" * 60 + " " + "B" * 50, "C" * 60), ("Suharto", ""), ("Wei", "Li_2"), ("X Æ", "A-12"),
    ("Jörg", "Müller"), ("Joerg", "Mueller"), ("Anne", "Smith - Jones"), ("Tim", "Late"), ("Louis", "Quatorze14"),
    ("D’Arcy", "O’Brien"), ("José", "Núñez_123_456"), ("Zoë\u200e", "Ångström"), ("İbrahim", "Şahin"), ("Mary", "Smith"),
    ("Smith", "Mary"), ("Ada", 'The "Q" Quote'), ("Al", "7"), ("12345", "Number"), ("Ngọc Ánh", "Nguyễn Thị"),
]  # fmt: skip
ODD_FILES = {  # what somebody hands in -> its names; of a list, all together, the last one the newest
    "a download's copy": ["optimizers (1).py"], "two versions": ["optimizers.py", "optimizers-1.py"], "upper case": ["Optimizers.PY"],
    "with a bidi mark": ["\u202eoptimizers.py"], "long": ["o" * 90 + " optimizers.py"], "of Canvas's form": ["12_34_optimizers.py"],
    "a date": ["optimizers - Oct 1, 2026.py"], "late": ["LATE_optimizers.py"], "Cyrillic": ["мой optimizers финал.py"],
    "quoted": ["a,b'c optimizers.py"], "dots": ["optimizers.final.v2.py"], "twice": ["optimizers.py.py"],
}  # fmt: skip


def odd_class(platform: str, order: list[int], forms: list[str]) -> tuple[list[Student], dict[str, bytes]]:
    """People with odd names and what each of them handed in: one file each, with who they are in it."""
    people = [Student(f"u{at:02d}{'_x' * (at % 3 == 1)}", 1200 + 7 * at, *ODD_NAMES[at]) for at in order]
    named = SCHEMES[platform]
    files = {"index.html": b"<html>", "__MACOSX/._optimizers.py": b"junk", ".DS_Store": b"x"}
    for who, form in zip(people, forms, strict=True):
        for attempt, file in enumerate(ODD_FILES[form]):
            files[named(who, attempt if platform in ATTEMPTS else 0, file, late=False)] = f"# {who.user}\n".encode()
        if platform == "Blackboard":
            told = f"Name: {who.first} {who.last} ({who.user})\n".encode()
            files[f"Optimizers_Part_1_{who.user}_attempt_2026-10-01-10-11-12.txt"] = told
    if platform == "Gradescope":
        quoted = "".join(
            f"submission_{who.number}:\n  :submitters:\n  - :name: {json.dumps(who.first)}\n    :sid: '{who.user}'\n"
            for who in people
        )
        files["assignment_5_export/submission_metadata.yml"] = quoted.encode()
    return people, files


def rows_of(platform: str, people: list[Student]) -> str:
    """The platform's own export: names with commas are quoted in it."""
    header, row, _ = GRADEBOOKS[platform]
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(header.split(","))
    for who in people:
        cells = next(csv.reader([row.format(**{k: f"\1{k}" for k in vars(who)})]))
        for at, cell in enumerate(cells):
            for k, value in vars(who).items():
                cell = cell.replace(f"\1{k}", str(value))
            cells[at] = cell
        table.writerow(cells)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(SCHEMES)), st.booleans(), st.sampled_from(["", "all/", "twice"]),
    st.lists(st.integers(0, len(ODD_NAMES) - 1), unique=True, min_size=3, max_size=9), st.randoms(use_true_random=False),
)  # fmt: skip
def test_odd_names_and_odd_files_lose_nothing_and_reach_nobody_else(
    tmp_path_factory, scheme, as_zip, around, order, draw
):
    tmp, platform = tmp_path_factory.mktemp("odd"), scheme.removesuffix(" flat")
    people, files = odd_class(scheme, order, [draw.choice(list(ODD_FILES)) for _ in order])
    wheres = ["submissions/", "submissions (1)/"] if around == "twice" else [around]
    files = {where + name: data for name, data in files.items() for where in wheres}
    path = zipped(files, tmp / "it.zip") if as_zip else laid_out(files, tmp / "it")
    roster = parse(rows_of(platform, draw.sample(people, len(people))), "it.csv")
    found, said = gathered([path], tmp, roster)
    assert len(found) == len(people), said
    reports = []
    for one in found:
        (told,) = {file.read_bytes().decode() for file in one.path.rglob("*.[pP][yY]")}
        (who,) = [who for who in people if told == f"# {who.user}\n"]
        report = {"schema": "gradmark.report/1", "assignment": "optimizers", "status": "graded", "score": who.number}
        reports.append(report | {"max_score": 9999, "submission": {"path": one.shown, "known_as": one.known_as}})
    made = gradebook(platform.lower(), "\n".join(map(json.dumps, reports)), roster)
    mark = GRADEBOOKS[platform][2]
    cells = [row for row in csv.reader(io.StringIO(made.text)) if any(str(w.number) in row[mark] for w in people)]
    alike = [who for who in people if platform == "Brightspace" and (who.first, who.last) == ("John", "Smith")]
    sure = [who for who in people if len(alike) < 2 or who not in alike]  # two of one name are not guessed
    assert sorted(row[mark] for row in cells) == sorted(str(who.number) for who in sure)
    for row in cells:
        (who,) = [who for who in people if str(who.number) == row[mark]]
        assert any(one in "".join(row) for one in (who.user, f"s{who.number}", f"Participant {who.number}"))


@pytest.mark.parametrize("scheme", ["Moodle", "Moodle flat", "Gradescope"])
@pytest.mark.parametrize("as_zip", [True, False])
def test_two_downloads_in_one_that_differ_are_refused(tmp_path, scheme, as_zip):
    """Nothing there tells which is newer."""
    files = {f"submissions{n}/{name}": data for n in ("", " (1)") for name, data in beside(scheme).items()}
    for n, code in (("", CODE), (" (1)", OLD)):
        files |= {f"submissions{n}/{SCHEMES[scheme](who, 0, 'optimizers.py')}": code for who in CLASS}
    path = zipped(files, tmp_path / "it.zip") if as_zip else laid_out(files, tmp_path / "it")
    with pytest.raises(BadBulk, match="give one of them"):
        gathered([path], tmp_path)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("outer", ["folder", "zip"])
def test_a_quiz_that_one_person_handed_in_apart_is_theirs(tmp_path, scheme, outer):
    platform = scheme.removesuffix(" flat")
    code = beside(platform) | {SCHEMES[scheme](who, 0, "optimizers.py", late=False): CODE for who in CLASS}
    (tmp_path / "in").mkdir()
    zipped(code, tmp_path / "in" / "code.zip")
    if platform == "Blackboard":  # without its .txt the quiz's title tells nothing: one person alone shares none
        code = {name: data for name, data in beside(platform).items() if BOB.user in name}
    elif platform == "Gradescope":
        code = beside(platform)
    else:
        code = {}
    zipped(code | {SCHEMES[scheme](BOB, 0, "quiz.toml", late=False): QUIZ}, tmp_path / "in" / "quiz.zip")
    path = tmp_path / "in"
    if outer == "zip":
        path = zipped({file.name: file.read_bytes() for file in sorted(path.iterdir())}, tmp_path / "all.zip")
    found, said = gathered([path], tmp_path)
    assert len(found) == len(CLASS), said
    quizzes = [one.known_as for one in found if list(one.path.rglob("quiz.toml"))]
    assert [key_of(platform, BOB) in known for known in quizzes] == [True]


@pytest.mark.parametrize("page", ["cp437", "cp850", "cp1252", "utf-8"])
@pytest.mark.parametrize("name", ["Jürgen Müller", "Zoë Ångström", "José Núñez", "Fräulein Größe"])
def test_names_in_a_zip_of_windows_are_read_in_their_code_page(name, page):
    entry = zipfile.ZipInfo(name.encode(page).decode("cp437"))
    entry.flag_bits = 0
    assert decoded_name(entry) == name


@pytest.mark.parametrize("page", ["cp850", "cp1252"])
def test_a_folder_that_was_unpacked_with_the_names_of_windows_has_its_people(tmp_path, page):
    folder = f"{tmp_path}/it/".encode() + "Jürgen Müller_7_assignsubmission_file".encode(page)
    Path(folder.decode("utf-8", "surrogateescape")).mkdir(parents=True)
    Path((folder + b"/optimizers.py").decode("utf-8", "surrogateescape")).write_bytes(SOLUTION)
    roster = parse("id,name\njm,Jürgen Müller\nxy,Xenia Young\n")
    (one,), _ = gathered([tmp_path / "it"], tmp_path, roster)
    assert (one.student, one.label) == ("jm", "Jürgen Müller")


NOT_CODE = ["optimizers.txt", "notes.pdf", "work.rar", "optimizers.docx"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("file", NOT_CODE)
def test_who_handed_in_no_code_is_there_and_told_what_came_instead(tmp_path, scheme, file):
    named = SCHEMES[scheme]
    files = beside(scheme.removesuffix(" flat")) | {named(ADA, 0, "optimizers.py", late=False): SOLUTION}
    files |= {named(LUK, 0, "optimizers.py", late=False): SOLUTION, named(BOB, 0, file, late=False): b"x"}
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path)
    assert len(found) == 3
    (told,) = [problem for one in found if (problem := read(one.path).problem)]
    assert f'Found instead: "{file}"' in told


@pytest.mark.parametrize("typed", ["text.html", "link.html"])
def test_a_text_typed_into_canvas_is_somebodys(tmp_path, typed):
    files = {canvas(ADA, 0, "optimizers.py", late=False): SOLUTION, f"hoppergrace_12347_{typed}": b"<p>here</p>"}
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path)
    assert [one.label for one in found] == ["hoppergrace", "lovelaceada"]
    assert "Found instead" in read(found[0].path).problem


def test_names_of_files_that_only_look_like_canvas_are_not_thrown_together(tmp_path):
    files = {f"hw_2026_1001_{name}.py": SOLUTION for name in ("ada", "bob", "cleo")}
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path)
    assert len(found) == 3


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("around", ["zip", "folder", "folder with another submission"])
def test_a_download_in_a_zip_or_folder_is_found(tmp_path, scheme, around):
    platform = scheme.removesuffix(" flat")
    files = beside(platform) | {SCHEMES[scheme](who, 0, "optimizers.py", late=False): SOLUTION for who in CLASS}
    (tmp_path / "it").mkdir()
    inner = zipped(files, tmp_path / "it" / "download.zip")
    path = tmp_path / "it"
    if around == "zip":
        path = zipped({"download.zip": inner.read_bytes()}, tmp_path / "outer.zip")
    elif around != "folder":
        (path / "late.py").write_bytes(SOLUTION)
    found, _ = gathered([path], tmp_path)
    assert len(found) == 3 + (around == "folder with another submission")
    assert not [one for one in found if read(one.path).problem]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("quiz_first", [True, False])
def test_code_and_quiz_from_two_downloads_are_one_submission(tmp_path, scheme, quiz_first):
    platform, named = scheme.removesuffix(" flat"), SCHEMES[scheme]
    code = beside(platform) | {named(who, 0, "optimizers.py", late=False): SOLUTION for who in CLASS}
    quiz = beside(platform) | {named(who, 1, "quiz.toml", late=False): QUIZ for who in (ADA, BOB)}
    paths = [laid_out(code, tmp_path / "code"), laid_out(quiz, tmp_path / "quiz")]
    found, _ = gathered(paths[::-1] if quiz_first else paths, tmp_path)
    assert len(found) == 3
    assert sorted(len(read(one.path).files) for one in found) == [1, 2, 2]


@pytest.mark.parametrize("scheme", sorted(ATTEMPTS))
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("quiz_in", ["the older", "the newer", "both"])
def test_of_two_downloads_in_one_command_the_newest_attempt_of_each_counts(tmp_path, scheme, newest_first, quiz_in):
    named, told = SCHEMES[scheme], []
    older, newer = (
        beside(scheme) | {named(who, attempt, "optimizers.py", late=False): code for who in those}
        for attempt, code, those in ((0, OLD, CLASS), (2, CODE, (ADA, LUK)))
    )
    old_quiz, new_quiz = b"[answers]\na = 1\n", QUIZ
    older |= {named(ADA, 0, "quiz.toml", late=False): old_quiz} if quiz_in != "the newer" else {}
    newer |= {named(ADA, 2, "quiz.toml", late=False): new_quiz} if quiz_in != "the older" else {}
    paths = [zipped(older, tmp_path / "monday.zip"), zipped(newer, tmp_path / "tuesday.zip")]
    found, told = gathered(paths[::-1] if newest_first else paths, tmp_path)
    code = {one.known_as[0]: read(one.path).files for one in found}
    ada, bob = code[key_of(scheme, ADA)], code[key_of(scheme, BOB)]
    assert len(found) == len(CLASS)
    assert (ada["optimizers.py"], bob["optimizers.py"]) == (CODE, OLD)
    assert ada["quiz.toml"] == (old_quiz if quiz_in == "the older" else new_quiz)
    assert sum(bool(one.remarks) for one in found) == 2
    assert "newest attempt" in "".join(told)


@pytest.mark.parametrize("alike", [True, False])
def test_two_downloads_of_moodle_in_one_command_are_one_where_they_are_alike(tmp_path, alike):
    """Nothing in them tells which is newer: the gradebook says that there are two."""
    paths = []
    for day, data in (("monday", CODE), ("tuesday", CODE if alike else OLD)):
        files = {moodle(who, 0, "optimizers.py"): data for who in CLASS}
        paths.append(zipped(files, tmp_path / f"{day}.zip"))
    found, _ = gathered(paths, tmp_path)
    assert len(found) == len(CLASS) * (1 if alike else 2)


def test_a_zip_of_folders_is_a_class_and_a_students_zip_of_versions_is_not(tmp_path):
    repositories = {
        f"class/optimizers-{who.user}/{file}": SOLUTION for who in CLASS for file in ("optimizers.py", "README.md")
    }
    found, said = gathered([zipped(repositories, tmp_path / "class.zip")], tmp_path)
    assert len(found) == 3
    assert "3 people" in said[0]
    versions = {f"ada/{name}/optimizers.py": SOLUTION for name in ("old", "new")}
    (one,), _ = gathered([zipped(versions, tmp_path / "ada.zip")], tmp_path / "again")
    assert "2 files" in read(one.path).problem


@pytest.mark.parametrize("word", ["attempt", "Versuch", "tentative", "intento"])
def test_blackboard_in_other_languages(tmp_path, word):
    files = {f"HW_{who.user}_{word}_2026-10-01-10-11-12_optimizers.py": SOLUTION for who in CLASS}
    files[f"HW_zoe_{word}_2026-10-01-10-11-12.txt"] = b"Name: Zoe Zola (zoe)\nnothing attached\n"
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path)
    assert {one.label for one in found} == {"ada01", "luk_2", "bob.s", "zoe"}


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["Moodle", "Moodle flat", "Brightspace"]), st.permutations(CLASS))
def test_a_number_that_only_the_platform_knows_is_nobodys_id(tmp_path_factory, scheme, order):
    """The institution's ids happen to be the platform's numbers of others, and one name is unknown here."""
    tmp = tmp_path_factory.mktemp("class")
    files = beside(scheme.removesuffix(" flat")) | {
        SCHEMES[scheme](who, 0, "optimizers.py", late=False): SOLUTION for who in CLASS
    }
    rows = "".join(f"{other.number},{who.first} {who.last}\n" for who, other in zip(CLASS[1:], order[1:], strict=True))
    roster = parse(f"id,name\n{rows}{order[0].number},Somebody Else\n")
    found, _ = gathered([laid_out(files, tmp / "it")], tmp, roster)
    names = {person.id: person.name for person in roster.people}
    assert {one.label: names.get(one.student) for one in found} == {
        f"{who.first} {who.last}": f"{who.first} {who.last}" if who in CLASS[1:] else None for who in CLASS
    }


@pytest.mark.parametrize("ids", [["a_x", "a_y"], ["jm_12"], ["x", "t_1_x"]])
def test_a_user_of_blackboard_with_underscores_is_found_on_the_roster(tmp_path, ids):
    files = {f"Title_1_{user}_attempt_2026-10-01-10-11-12_optimizers.py": SOLUTION for user in ids}
    roster = parse("id\n" + "\n".join([*ids, "somebody"]))
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path, roster)
    assert sorted(one.student for one in found) == sorted(ids)


@pytest.mark.parametrize("quiz", ["{}quiz{}.toml"])
@pytest.mark.parametrize(("before", "after"), [("Jörg Müller - ", ""), ("", "_ada"), ("ada_", "-1"), ("a ", " (2)")])
def test_code_and_quiz_of_one_person_among_the_files_of_others_are_one_submission(tmp_path, quiz, before, after):
    files = {f"{before}optimizers{after}.py": SOLUTION, quiz.format(before, after): QUIZ, "bob_optimizers.py": SOLUTION}
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path)
    assert sorted(len(read(one.path).files) for one in found) == [1, 2]


def test_a_class_in_a_folder_in_a_folder_is_a_class(tmp_path):
    files = {f"all/hw-10-01/hw-{who.user}/optimizers.py": SOLUTION for who in CLASS}
    found, _ = gathered([laid_out(files, tmp_path / "it")], tmp_path)
    assert [one.path.name for one in found] == sorted(f"hw-{who.user}" for who in CLASS)
    versions = {f"ada/{name}/optimizers.py": SOLUTION for name in ("old", "new")}
    (one,), _ = gathered([laid_out(versions, tmp_path / "of-one")], tmp_path / "again")
    assert "2 files" in read(one.path).problem


def test_a_platforms_number_that_is_somebody_elses_id_names_nobody():
    roster = parse("id,name\n1234,Bob Stone\n7,Ada Lovelace\n")
    assert [person.id for person in owners(roster, ("1234", "Ada Lovelace"), "")] == ["1234", "7"]
    assert [person.id for person in owners(roster, ("99", "Ada Lovelace"), "")] == ["7"]


@pytest.mark.parametrize(
    "path",
    [
        "Lovelace_Ada_optimizers.py", "optimizers-ada-lovelace.zip", "x/Lovelace, Ada (12345)/optimizers.py", "ada_lovelace_v2.py",
        "hw3-optimizers-12345.ipynb", "Ada.Lovelace.optimizers.py", "a b/ADA LOVELACE 2/optimizers.py",
    ],
)  # fmt: skip
def test_a_name_among_other_words_of_a_file_is_found(path):
    roster = parse("id,name\n12345,Ada Lovelace\nada-lovelace-2,Adam Lace\n9,Grace Hopper\n")
    assert [person.id for person in owners(roster, (), path)] == ["12345"]


@pytest.mark.parametrize(
    "written", ["jurgenmuller", "juergenmueller", "Jürgen Müller", "müllerjürgen", "JUERGEN MUELLER"]
)
def test_a_name_is_found_with_and_without_its_accents(written):
    assert [person.id for person in owners(parse("id,name\na,Jürgen Müller\nb,Bob Stone\n"), (written,), "")] == ["a"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Oct 1, 2026 1011 AM", (2026, 10, 1, 10, 11)), ("Oct 1, 2026 1011 PM", (2026, 10, 1, 22, 11)),
        ("Dec 31, 2026 12:05 AM", (2026, 12, 31, 0, 5)), ("1 oct. 2026 22 11", (2026, 10, 1, 22, 11)),
        ("2026-10-01 2211", (2026, 10, 1, 22, 11)), ("1 October 2026 1:05 p.m.", (2026, 10, 1, 13, 5)), ("3 März 2026 9.05", (2026, 3, 3, 9, 5)), ("7 août 2026 09h05", (2026, 8, 7, 9, 5)), ("nothing", (0, 0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_dates_are_read_as_brightspace_writes_them(text, date):
    assert date_of(text) == date


def test_of_a_group_everybody_is_there_and_quotes_are_read():
    text = "submission_9:\n  :submitters:\n  - :name: \"Zo\\u00eb\"\n    :sid: 'it''s'\n    :email: ~\n  - :name: Bob\n    :sid: 7\n"
    assert submitters_of(text) == {
        "submission_9": [{"name": "Zoë", "sid": "it's", "email": ""}, {"name": "Bob", "sid": "7"}]
    }


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 99999), min_size=2, max_size=4, unique=True), st.sampled_from(["Moodle", "Brightspace"]))
def test_people_of_one_name_are_told_apart_by_their_numbers(tmp_path_factory, numbers, platform):
    """So are the people of a download of Moodle without names: `Participant_1234`."""
    folder = tmp_path_factory.mktemp("down") / "all"
    people = [Student("", number, "Ada", "Lovelace") for number in numbers]
    laid_out({SCHEMES[platform](who, 0, "optimizers.py", late=False): CODE for who in people}, folder)
    found = unpack(folder, folder.parent / "out")
    assert found is not None
    assert {one.label for one in found.people} == {f"Ada Lovelace_{number}" for number in numbers}
