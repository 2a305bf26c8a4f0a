"""Gradescope, in a container laid out as its documents say: root, half a CPU, 768 MB, no network, no container inside."""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from attacking import ATTACKS, attacked
from conftest import require
from containers import OPTIMIZERS, build, package, run

from autograder.adapters import autolab, coderunner, common, gradescope, prairielearn
from autograder.adapters import gradescope_rules as rules
from autograder.adapters.common import PackagePolicy
from autograder.assignment import BadAssignment
from autograder.batch import ATTEMPTS, failed
from autograder.model import CriterionMark, ItemDetail, ItemMark
from autograder.render import total
from autograder.roster import parse
from autograder.sandbox.limits import LIMITS, SUBMISSION_SECONDS

METADATA = {
    "id": 123456,
    "created_at": "2026-07-01T14:22:32.365935-07:00",
    "assignment": {
        "due_date": "2026-07-31T23:00:00.000000-07:00",
        "group_size": None,
        "group_submission": False,
        "id": 25828,
        "course_id": 1234,
        "late_due_date": None,
        "release_date": "2026-06-02T00:00:00.000000-07:00",
        "title": "Optimizers",
        "total_points": "100.0",
    },
    "submission_method": "upload",
    "users": [{"email": "student@example.org", "id": 1234, "name": "Student"}],
    "previous_submissions": [],
}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
# Every documented field, and no other: a misspelt one is ignored by the platform, and noticed by nobody.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score"],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["score", "max_score", "name"],
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": FORMAT,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
        "leaderboard": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "value"],
                "properties": {
                    "name": {"type": "string"},
                    "value": {"type": ["number", "string"]},
                    "order": {"enum": ["asc"]},
                },
            },
        },
    },
}
SOLUTION = OPTIMIZERS.model_solution.read_text()
WRONG = OPTIMIZERS.samples["Adam corrected by the wrong beta"].read_text()
EMPTY = OPTIMIZERS.template.read_text()


def check(made):
    pytest.importorskip("jsonschema", reason="needs the package jsonschema").validate(made, SCHEMA)
    return made


def marked(tmp_path, source, seed):
    """What `gradmark grade` says, in the sandbox that the platform has."""
    require("root")
    file = tmp_path / "optimizers.py"
    file.write_text(source)
    return common.marked(file, OPTIMIZERS, seed).report


def expected(tmp_path, source, metadata=METADATA):
    report = marked(tmp_path, source, rules.seed(metadata))
    return json.loads(json.dumps(gradescope.results(report, PackagePolicy(), metadata))) | {"execution_time": 0}


# -------------------------------------------------------------------------------------------------- in the container
@pytest.fixture(scope="module")
def image():
    return build("gradescope", ".", "BASE_REPO")


def laid_out(source, metadata=METADATA):
    files = {"/autograder/submission/optimizers.py": source}
    return files | ({"/autograder/submission_metadata.json": json.dumps(metadata)} if metadata else {})


def graded(image, tmp_path, files, before=""):
    script = f"cd /autograder; {before} exec ./run_autograder"
    ended = run(image, files, out="/autograder/results", to=tmp_path, command=("/bin/sh", "-c", script))
    return ended, check(json.loads((tmp_path / "results/results.json").read_text()))


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize(("source", "score"), [(SOLUTION, 100), (WRONG, 96.25)], ids=["right", "wrong"])
def test_results_are_those_of_gradmark_grade_with_the_same_seed(image, tmp_path, source, score):
    ended, made = graded(image, tmp_path, laid_out(source + "\nprint('said by the student')\n"))
    assert ended.status == 0, ended.stderr
    assert made["score"] == score
    assert made["execution_time"] > 0
    due = expected(tmp_path, source + "\nprint('said by the student')\n")
    assert made | {"execution_time": 0} == due
    assert "said by the student" in ended.stdout  # Gradescope shows it to staff
    assert "said by the student" not in json.dumps(made)


@pytest.mark.slow
@pytest.mark.docker
def test_a_run_without_metadata_is_a_trial_and_is_marked(image, tmp_path):
    _, made = graded(image, tmp_path, laid_out(SOLUTION, None))
    assert made["score"] == 100


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize(
    "broken",
    [
        "rm -r /opt/gradmark/lib/python3*/site-packages/autograder/reference;",  # the grader crashes
        "chmod -x /opt/gradmark/bin/python*; rm /opt/gradmark/bin/python;",  # it does not even start
        "printf '{' > submission_metadata.json;",  # the platform's file is not what the documents say
    ],
)
def test_when_the_grader_crashes_results_say_so_and_blame_nobody(image, tmp_path, broken):
    ended, made = graded(image, tmp_path, laid_out(SOLUTION), broken)
    assert ended.status != 0
    assert made["extra_data"]["gradmark"]["status"] == "grader_error"
    assert "grader's fault, not yours" in made["output"]
    assert made["tests"] == []
    assert "the failure is the grader's" in ended.stderr


# ------------------------------------------------------------------------------------------------------------ attacks
AT_IMPORT = {
    "forge": """
import os
for place in ("results/results.json", "results/x", "run_autograder", "source/failed.json", "submission/optimizers.py",
              "submission_metadata.json", "x"):
    try:
        with open("/autograder/" + place, "a") as file:
            file.write('{"score": 100}')
        print("BREACH wrote", place)
    except OSError:
        pass
for call in (lambda: os.rename("/autograder/results", "/autograder/x"), lambda: os.mkdir("/autograder/results/y"),
             lambda: os.chmod("/autograder/results", 0o777), lambda: os.setuid(0)):
    try:
        call()
        print("BREACH changed", call)
    except OSError:
        pass
""",
    "read": """
import os, glob
secret = ["/autograder/source", "/autograder/submission", "/autograder/results", "/opt/gradmark", "/etc/shadow",
          "/autograder/submission_metadata.json", "/opt/gradmark/lib", "/root"]
inside = ["/autograder/source/requirements.txt", "/autograder/submission/optimizers.py"]
inside += glob.glob("/opt/gradmark/lib/python3*/site-packages/autograder/reference/updates.py") or ["/opt/gradmark/pyvenv.cfg"]
for path in secret + inside:
    for look in (os.listdir, lambda p: open(p).read(), lambda p: os.open(p, os.O_RDONLY)):
        try:
            look(path)
            print("BREACH read", path)
        except OSError:
            pass
for process in glob.glob("/proc/[0-9]*"):
    if process == f"/proc/{os.getpid()}":
        continue
    for name in ("environ", "mem", "fd/1", "root", "maps"):
        try:
            open(process + "/" + name, "rb").read(1)
            print("BREACH read", process, name)
        except OSError:
            pass
try:
    import autograder
    print("BREACH imported", autograder)
except ImportError:
    pass
""",
    "survive": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        until = time.time() + 60
        while time.time() < until:
            try:
                open("/autograder/results/results.json", "w").write('{"score": 100}')
                print("BREACH wrote later", flush=True)
            except OSError:
                pass
            time.sleep(0.01)
    os._exit(0)
""",
    "print": """
import sys, os
for line in ('{"score": 100}', '{"score": 100, "tests": []}', "PASSED", "\\x1b]0;pwned\\x07\\x1b[2J"):
    print(line)
    os.write(1, line.encode())
    os.write(2, line.encode())
""",
    "kill": """
import os, signal
for target in (os.getppid(), 1):
    try:
        os.kill(target, signal.SIGKILL)
        print("BREACH killed", target)
    except OSError:
        pass
""",
    "at exit": """
import atexit
atexit.register(lambda: open("/autograder/results/results.json", "w").write('{"score": 100}'))
""",
    "patch": """
import numpy, builtins, json
numpy.allclose = numpy.array_equal = numpy.isclose = lambda *a, **k: True
json.dumps = lambda *a, **k: '{"score": 100}'
builtins.abs = lambda x: 0
""",
    "flood": "import os\nos.write(2, b'x' * 60_000)\n",
}
IN_A_STEP = ("early exit", "system exit", "segfault", "garbage in the channel", "memory")
# One container after another would spend its time starting: here one marks them all, each as the platform does.
MANY = """
cd /autograder
for file in /attacks/*; do
  name=$(basename "$file" .py)
  rm -rf submission results; mkdir submission results; chmod 777 results submission; cp "$file" submission/optimizers.py
  ./run_autograder >"/out/$name.stdout" 2>"/out/$name.stderr"; echo $? >"/out/$name.status"
  cp results/results.json "/out/$name.json"
  for process in /proc/[0-9]*; do
    grep -s -H -E '^Uid:.(60[5-9]|61[01])[0-9][0-9]' "$process/status" >>"/out/$name.left"
  done
done
"""


def attacks():
    """The attacks: the one that patches libraries at import has a rule whose numbers are compared, the others no marks."""
    told = {
        name.replace(" ", "_"): code.lstrip() + (WRONG if name == "patch" else EMPTY)
        for name, code in AT_IMPORT.items()
    }
    return told | {name.replace(" ", "_"): attacked(ATTACKS[name][0]) for name in IN_A_STEP}


# Where no Landlock helps, the uid alone keeps files and processes apart; what does not reach for any is played once.
REACHING = ("forge", "read", "survive", "kill", "at_exit")
PLAYED = [("landlock", name) for name in attacks()] + [("uid alone", name) for name in REACHING]


@pytest.fixture(scope="module")
def played(image, tmp_path_factory):
    """The folder with every attack's results: as the kernel here has it, and where no Landlock helps the uid."""

    @cache
    def results(helped):
        files = {f"/attacks/{name}.py": attacks()[name] for by, name in PLAYED if by == helped}
        files |= {"/autograder/submission_metadata.json": json.dumps(METADATA), "/out/.keep": ""}
        code = "/opt/gradmark/lib/python3*/site-packages/autograder/sandbox/forking.py"
        none = rf"sed -i '/^def landlock_version/a\    return 0' {code}; grep -A1 '^def landlock_version' {code} | grep -q 'return 0' || exit 9;"
        without = none if helped == "uid alone" else ""
        to = tmp_path_factory.mktemp("attacks")
        run(image, files, out="/out", to=to, command=("/bin/sh", "-c", without + MANY))
        return to / "out"

    return results


@pytest.mark.slow("the first of each kind waits for a container that marks all attacks with half a CPU")
@pytest.mark.docker
@pytest.mark.parametrize(("helped", "name"), PLAYED)
def test_an_attack_gains_nothing(played, tmp_path, helped, name):
    results = played(helped)
    made = check(json.loads((results / f"{name}.json").read_text()))
    said = (results / f"{name}.stdout").read_text() + (results / f"{name}.stderr").read_text()
    assert "BREACH" not in said
    assert "\x1b" not in said
    left = results / f"{name}.left"
    assert not left.exists() or not left.read_text(), "a process of the submission outlived its marking"
    due = expected(tmp_path, attacks()[name])
    if name.replace("_", " ") in AT_IMPORT:
        assert made["score"] == due["score"] <= (96.25 if name == "patch" else 0)
    assert made["score"] < 100
    found, right = ([test["score"] for test in these["tests"]] for these in (made, due))
    if name == "memory":  # touching half a gigabyte takes half a CPU up to a scenario's second, and then costs more
        assert all(score <= most for score, most in zip(found, right, strict=True))
    else:
        assert found == right


# --------------------------------------------------------------------------------------------------- what is uploaded
def test_the_zip_has_the_two_scripts_at_its_root_with_unix_ends_and_shebangs():
    files = package("gradescope").files
    archive = zipfile.ZipFile(io.BytesIO(files["autograder.zip"]))
    for name in ("setup.sh", "run_autograder"):
        assert archive.read(name).startswith(b"#!/bin/bash\n")
        assert b"\r" not in archive.read(name)
        assert stat.S_IMODE(archive.getinfo(name).external_attr >> 16) == 0o755
    assert not re.search(rb"^(CMD|ENTRYPOINT)", files["Dockerfile"], re.MULTILINE)
    failed = check(json.loads(archive.read("failed.json")))
    assert failed["extra_data"]["gradmark"]["status"] == "grader_error"


def test_our_deadlines_end_before_the_platforms():
    """Two attempts of the sandbox at most, within our own clock, within ten minutes."""
    longest = ATTEMPTS * LIMITS.boot_seconds + SUBMISSION_SECONDS
    assert longest < gradescope.SECONDS < 600 - 10
    assert longest < min(autolab.SECONDS, coderunner.SECONDS, prairielearn.SECONDS)


# ------------------------------------------------------------------------------------------------------------- rules
def report_with(score=80.0, status="graded"):
    rows = (CriterionMark("sgd", "SGD", score, 100.0, "partial", ("Look at your step.",)),)
    return replace(failed(OPTIMIZERS), status=status, message="", criteria=rows, seed=5, log="PRINTED")


def with_earlier(*earlier, **changes):
    return METADATA | {"previous_submissions": list(earlier)} | changes


def earlier(hours, **changes):
    time = datetime.fromisoformat(METADATA["created_at"]) - timedelta(hours=hours)
    return {"submission_time": time.isoformat(), "score": 70.0, "autograder_error": False} | changes


def test_the_seed_belongs_to_the_submission_and_the_assignment():
    other = METADATA | {"assignment": METADATA["assignment"] | {"id": 1}}
    seeds = {rules.seed(METADATA), rules.seed(METADATA | {"id": 7}), rules.seed(other)}
    assert len(seeds) == 3
    assert rules.seed(METADATA | {"users": [], "created_at": "x"}) in seeds
    assert rules.seed({}) is None


def test_by_default_everything_is_visible_and_what_was_printed_is_not_there():
    made = check(gradescope.results(report_with(), PackagePolicy(), METADATA))
    assert made["visibility"] == "visible"
    assert not any("visibility" in test for test in made["tests"])  # a single hidden row hides the total
    assert "stdout_visibility" not in made  # absent means staff only
    assert "PRINTED" not in json.dumps(made)


def test_visibility_follows_the_assignment():
    settings = PackagePolicy(visibility="after_due_date", rows={"sgd": "after_published"}, leaderboard=True)
    made = check(gradescope.results(report_with(), settings, METADATA))
    assert (made["visibility"], made["tests"][0]["visibility"]) == ("after_due_date", "after_published")
    assert made["leaderboard"][0] == {"name": "score", "value": 80.0}


@pytest.mark.parametrize(("hours", "score"), [(-1, 80), (0, 80), (0.01, 72), (24, 72), (24.01, 64), (24 * 20, 0)])
def test_lateness_counts_days_begun_between_two_times_of_the_metadata(hours, score):
    due = datetime.fromisoformat(METADATA["created_at"]) - timedelta(hours=hours)
    metadata = METADATA | {"assignment": METADATA["assignment"] | {"due_date": due.isoformat()}}
    made = check(gradescope.results(report_with(), PackagePolicy(late_per_day=0.1), metadata))
    assert made["score"] == score
    assert ("late" in made["output"]) == (score < 80)


def test_too_many_attempts_keep_the_last_results_and_say_when_to_come_back():
    latest = check(
        gradescope.results(
            report_with(70.0), PackagePolicy(), with_earlier(earlier(5), created_at=earlier(2)["submission_time"])
        )
    )
    metadata = with_earlier(earlier(5), earlier(2, results=latest))
    made = check(gradescope.limited(metadata, PackagePolicy(attempts=2, attempts_hours=24)))
    assert (made["score"], made["tests"]) == (latest["score"], latest["tests"])
    assert "not marked" in made["output"]
    assert "2026-07-02 09:22" in made["output"]
    # The next one knows which were marked: this one, which was not, does not count.
    after = with_earlier(
        earlier(5), earlier(2, results=latest), earlier(0, results=made), created_at="2026-07-01T15:00:00-07:00"
    )
    assert len(rules.attempts(after, PackagePolicy())) == 2


@pytest.mark.parametrize(
    ("previous", "counted"),
    [
        ([], 0),
        ([earlier(30), earlier(1)], 1),  # the first is outside the window
        ([earlier(24), earlier(23.99)], 1),
        ([earlier(2), earlier(1, autograder_error=True)], 1),  # ours to blame
        ([earlier(2), earlier(1, results={"extra_data": {"gradmark": {"attempts": []}}})], 0),  # could not be marked
    ],
)
def test_attempts_are_counted_relative_to_the_submission(previous, counted):
    assert len(rules.attempts(with_earlier(*previous), PackagePolicy())) == counted
    assert (gradescope.limited(with_earlier(*previous), PackagePolicy(attempts=1)) is not None) == (counted > 0)
    assert gradescope.limited(with_earlier(*previous), PackagePolicy()) is None


def test_what_could_not_be_marked_costs_no_attempt_and_what_failed_on_our_side_costs_no_score():
    unmarked = gradescope.results(report_with(status="not_gradable"), PackagePolicy(), METADATA)
    assert unmarked["extra_data"]["gradmark"]["attempts"] == []
    marked_ = gradescope.results(report_with(), PackagePolicy(), METADATA)
    assert marked_["extra_data"]["gradmark"]["attempts"] == [METADATA["created_at"]]
    again = check(gradescope.results(failed(OPTIMIZERS), PackagePolicy(), with_earlier(earlier(3))))
    assert again["score"] == 70.0


@pytest.mark.parametrize(
    ("users", "days"),
    [
        ([], 2), ([{"id": 1}], 2), ([{"assignment": {"due_date": "2026-10-03T23:00:00+00:00"}}], 0),
        ([{"assignment": {"due_date": None}}], 2),
        ([{"assignment": {"due_date": "2026-10-01T23:00:00+00:00"}}, {"assignment": {"due_date": "2026-10-02T11:00:00+00:00"}}], 1),
    ],
)  # fmt: skip
def test_a_students_own_due_date_counts(users, days):
    given = {"created_at": "2026-10-03T10:00:00+00:00", "assignment": {"due_date": "2026-10-01T12:00:00+00:00"}}
    assert rules.days_late({**given, "users": users}) == days


@pytest.mark.parametrize(
    ("due", "at", "days"),
    [
        ("2026-10-23T12:00:00+02:00", "2026-10-25T11:59:00+01:00", 2),  # the clocks went back in the night between
        ("2026-10-23T12:00:00+02:00", "2026-10-25T12:01:00+01:00", 3),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T11:59:00+02:00", 1),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T12:01:00+02:00", 2),
        ("2026-10-01T12:00:00-07:00", "2026-10-02T18:59:00+00:00", 1),  # one time in UTC, the other not
        ("2026-10-01T12:00:00-07:00", "2026-10-02T19:01:00+00:00", 2),
        ("2026-10-01T12:00:00-07:00", "2026-10-01T12:00:00-07:00", 0),
    ],
)
def test_a_late_day_ends_at_the_due_times_hour_also_over_a_change_of_the_clock(due, at, days):
    assert rules.days_late({"created_at": at, "assignment": {"due_date": due}}) == days


def test_a_package_of_an_edition_knows_who_submits_by_any_id():
    kept = {"edition.json": b"{}", "secret": b"s" * 20}
    packed = zipfile.ZipFile(io.BytesIO(gradescope.package(OPTIMIZERS, kept).files["autograder.zip"]))
    assert {f"edition/{name}" for name in kept} <= set(packed.namelist())
    roster = parse("First Name,Last Name,SID,Email\nAda,Lovelace,1234,ada@uni.edu\nAlan,Turing,1235,alan@uni.edu\n")
    for users, who in (
        ([{"email": "ADA@uni.edu", "name": "?"}], "1234"), ([{"email": None, "name": "Alan Turing"}], "1235"),
        ([{"email": "m@x", "name": "Mallory"}], ""), ([{"email": "ada@uni.edu"}, {"email": "alan@uni.edu"}], ""), ([], ""),
    ):  # fmt: skip
        assert rules.student({"users": users}, roster) == who


def test_quiz_rows_wait_for_the_due_date_and_the_heading_tells_no_points():
    quiz = (ItemMark("q1", 1.0, 2.0, "partial", "WHY"), ItemMark("q2", 3.0, 3.0, "right", "WHY"))
    made = gradescope.results(replace(report_with(), quiz=quiz, quiz_points=5.0), PackagePolicy(), METADATA)
    assert [test["visibility"] for test in made["tests"] if test["name"].startswith("Quiz")] == ["after_due_date"] * 2
    assert "4 of 5" not in made["output"]
    shown = gradescope.results(
        replace(report_with(), quiz=quiz, quiz_points=5.0), PackagePolicy(quiz="visible"), METADATA
    )
    assert "4 of 5" in shown["output"]


@pytest.mark.parametrize("counts", [True, False])
def test_where_there_is_no_due_date_no_row_says_which_answer_is_right(counts):
    quiz = (ItemMark("q1", 1.0, 2.0, "partial", "WHY"), ItemMark("q2", 3.0, 3.0, "right", "WHY"))
    held = common.held_back(replace(report_with(), quiz=quiz, quiz_points=5.0, quiz_counts=counts), PackagePolicy())
    assert total(held) == total(replace(report_with(), quiz=quiz, quiz_points=5.0, quiz_counts=counts))
    assert not [row for row in common.rows(held) if "WHY" in row.text]
    assert "received" in common.heading(held) + "".join(row.text for row in common.rows(held))
    assert "Everything" not in common.heading(replace(held, criteria=report_with(100.0).criteria))


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("ends", [("right", "waiting"), ("right", "wrong"), ("right", "right"), ("empty", "empty")])
def test_a_quiz_that_is_held_back_is_never_called_right(ends, counts):
    quiz = tuple(ItemMark(f"q{at}", 2.0 * (end == "right"), 2.0, end, "WHY") for at, end in enumerate(ends))
    report = replace(report_with(100.0), quiz=quiz, quiz_points=4.0, quiz_counts=counts)
    said = common.heading(common.held_back(report, PackagePolicy()))
    if not counts:
        assert "Quiz: not shown yet, 4 points, which is not part of the total." in said
    assert ("Everything" in said) == (counts and ends == ("right", "right"))
    assert ("wait" in said) == (counts and "waiting" in ends)


@pytest.mark.parametrize("shown", ["visible", "after_due_date", "after_published", "hidden"])
def test_a_quiz_row_that_is_shown_later_has_question_answers_and_reason(shown):
    """On Gradescope the row itself is shown when the quiz is over; one that is shown at once has no key."""
    told = ItemDetail("HOW MUCH?", "my 3", "RIGHT 4", "BECAUSE")
    quiz = (ItemMark("q1", 0.0, 2.0, "wrong", "No.", detail=told),)
    report = replace(report_with(), quiz=quiz, quiz_points=2.0)
    made = gradescope.results(report, PackagePolicy(quiz=shown), METADATA)
    (row,) = (test for test in made["tests"] if test["name"].startswith("Quiz"))
    whole = all(text in row["output"] for text in (told.prompt, told.answer, told.right, told.why))
    assert whole == (shown in ("after_due_date", "after_published"))
    assert whole or told.right not in json.dumps(made)


@pytest.mark.parametrize(
    "line",
    [
        'visibility = "secret"',
        'colour = "red"',
        "late_per_day = 10",
        "attempts = -1",
        'rows = {sgd = "never"}',
        'attempts = "two"',
        "rows = 3",
        "leaderboard = 1",
    ],
)
def test_a_policy_that_cannot_be_is_refused(tmp_path, line):
    (tmp_path / "assignment.toml").write_text(f"[platforms]\n{line}\n")
    with pytest.raises(BadAssignment, match=r"\[platforms\]"):
        common.policy(replace(OPTIMIZERS, folder=tmp_path))
