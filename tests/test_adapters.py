"""The other platforms, each in its documented layout or read by a real client; and what they all share."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from conftest import require
from containers import OPTIMIZERS, build, derived, package, run

from autograder import adapters
from autograder.adapters import autolab, coderunner, common, github, gradescope, junit, packages, packing, prairielearn
from autograder.batch import failed
from autograder.export import gradebook
from autograder.intake import bulk
from autograder.intake import read as intake
from autograder.model import CriterionMark, Diagnosis, Exhibit, ItemMark, Place
from autograder.platforms import having
from autograder.render import total

SOLUTION = OPTIMIZERS.model_solution.read_text()
MILD = OPTIMIZERS.samples["Adam corrected by the wrong beta"].read_text()  # its line is found in a third of the time
LOUD = '\nprint(\'{"scores": {"sgd": 100}}\', flush=True)\n'  # what a submission prints last
NASTY = "<script>x</script> | `a` **b** @all %0A::error::x\n::warning::y \x1b[31m \u202e ]]> [l](http://x) &amp;"


@pytest.fixture(scope="module")
def grade(tmp_path_factory):
    """What `gradmark grade` says, in the sandbox that the platforms have."""
    require("root")

    @cache
    def marked(source, seed=None):
        file = tmp_path_factory.mktemp("submission") / "optimizers.py"
        file.write_text(source)
        return common.marked(file, OPTIMIZERS, seed).report

    return marked


def nasty():
    """A report whose every text tries to be markup, a command or another line."""
    criteria = (
        CriterionMark("sgd", NASTY, 3.0, 10.0, "partial", (NASTY,)),
        CriterionMark("momentum", "Momentum", 15.0, 15.0, "passed"),
        CriterionMark("adamw", "AdamW", 0.0, 10.0, "not_run", ("Not run.",)),
    )
    return replace(
        failed(OPTIMIZERS),
        status="graded",
        message=NASTY,
        criteria=criteria,
        diagnoses=(Diagnosis("x", "sgd", NASTY, NASTY, NASTY),),
        places=(Place(3, 4, NASTY, "sgd", NASTY, edit="EDIT", note=NASTY),),
        exhibits=(Exhibit("s", NASTY, "sgd", (NASTY,), (("0", "1", "1", ""), ("1", "0.9", NASTY, "2")), NASTY),),
        quiz=(ItemMark("q1", 1.0, 2.0, "partial", NASTY, NASTY),),
        quiz_counts=True,
        quiz_points=2.0,
        remarks=(NASTY,),
        log="PRINTED",
    )


STEERING = {
    *map(chr, range(32)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
} - {"\n"}


def unmarked(status):
    rows = tuple(replace(row, score=0.0, status="not_run") for row in nasty().criteria)
    return replace(nasty(), status=status, criteria=rows, quiz=(), diagnoses=(), places=(), exhibits=())


# ------------------------------------------------------------------------------------------------------ PrairieLearn
@pytest.fixture(scope="module")
def prairielearn_image():
    return build("prairielearn", "image", "BASE")


@pytest.mark.slow("an image is built, and a mistake searched for its line in it and beside it")
@pytest.mark.docker
@pytest.mark.parametrize(
    ("source", "seed"), [(SOLUTION, 7), (MILD, 7), ("def f(:\n", 7)], ids=["right", "wrong", "broken"]
)
def test_prairielearn_marks_as_gradmark_grade_does(prairielearn_image, grade, tmp_path, source, seed):
    files = {
        "/grade/student/optimizers.py": source + LOUD,
        "/grade/data/data.json": json.dumps({"variant_seed": seed, "params": {}, "correct_answers": {}}),
        "/grade/serverFilesCourse/x": "",
        "/grade/tests/x": "",
    }
    ended = run(prairielearn_image, files, out="/grade/results", to=tmp_path)
    assert ended.status == 0, ended.stderr
    text = (tmp_path / "results/results.json").read_text()
    assert len(text) <= 1_000_000
    made = json.loads(text)
    assert "scores" not in ended.stdout + text
    report = grade(source + LOUD, seed)
    due = prairielearn.results(report)
    if report.status != "graded":
        assert made == due
        assert made["gradable"] is False
        assert "SyntaxError" in made["format_errors"][0]
        return
    assert {k: v for k, v in made.items() if k != "images"} == {k: v for k, v in due.items() if k != "images"}
    score, maximum = total(report)
    assert made["score"] == score / maximum
    assert sum(test["points"] for test in made["tests"]) == pytest.approx(score)
    assert all("max_points" in test for test in made["tests"])
    assert len(made["images"]) == len(report.charts) > 0
    for image in made["images"]:
        kind, _, data = image["url"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        drawn = base64.b64decode(data).decode()
        assert drawn.startswith("<svg ")
        assert not {"var(", "currentColor", "inherit"} & set(re.findall(r"var\(|currentColor|inherit", drawn)), (
            "no page's"
        )


@pytest.mark.slow
@pytest.mark.docker
def test_prairielearn_results_say_so_when_the_grader_crashes(prairielearn_image, tmp_path):
    files = {"/grade/student/optimizers.py": SOLUTION, "/grade/data/data.json": "{"}
    run(prairielearn_image, files, out="/grade/results", to=tmp_path)
    made = json.loads((tmp_path / "results/results.json").read_text())
    assert made["gradable"] is False  # no attempt consumed
    assert "grader's fault" in made["format_errors"][0]


def test_prairielearn_question_names_the_image_and_gives_it_more_time_than_it_takes():
    told = json.loads(package("prairielearn").files["question/info.json"])["externalGradingOptions"]
    assert told["timeout"] <= 600
    assert told["timeout"] > prairielearn.SECONDS + 10
    assert told["enableNetworking"] is False


@pytest.mark.parametrize(("data", "seed"), [({"variant_seed": 12}, 12), ({"variant_seed": 0}, 0)])
def test_prairielearn_seed_is_the_variants(data, seed):
    assert prairielearn.seed(data) == seed
    assert prairielearn.seed({"variant_seed": "a1"}) == prairielearn.seed({"variant_seed": "a1"}) > 0


# ----------------------------------------------------------------------------------------------------------- Autolab
@pytest.fixture(scope="module")
def autolab_image():
    """Tango's image as its sources make it, as far as a job sees it: make, sudo, and the user that runs `make`."""
    user = "RUN useradd --create-home autograde"
    tools = "RUN apt-get update && apt-get install -y --no-install-recommends make sudo"
    return build("autolab", "image", "BASE", derived("gradmark-test-tango", f"{user}\n{tools}"))


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize("source", [SOLUTION, MILD, "import sys; sys.exit(0)\n"], ids=["right", "wrong", "exits"])
def test_autolab_reads_the_last_line(autolab_image, grade, tmp_path, source):
    files = {f"/home/autograde/autolab/{name}": data for name, data in job(source + LOUD).items()}
    ended = run(autolab_image, files, out="/tmp", to=tmp_path, command=MAKE)  # noqa: S108
    assert ended.status == 0, ended.stdout + ended.stderr
    *_, feedback, last = ended.stdout.splitlines()
    report = grade(source + LOUD)
    due = {c.id: c.score if report.status == "graded" else 0 for c in report.criteria}
    assert json.loads(last)["scores"] == pytest.approx(due)
    assert json.loads(last)["scores"].keys() == {c.id for c in OPTIMIZERS.criteria}
    assert json.loads(feedback)["_presentation"] == "semantic"


@pytest.mark.slow
@pytest.mark.docker
def test_autolab_jobs_user_and_its_submission_cannot_read_the_answers(autolab_image, tmp_path):
    look = "ls /opt/gradmark; ls /opt/gradmark-package; sudo -n id; sudo -n /usr/local/sbin/gradmark-grade x; true"
    command = ("/bin/sh", "-c", f"su autograde -c '{look}'")
    ended = run(autolab_image, {}, out="/tmp", to=tmp_path, command=command)  # noqa: S108
    assert ended.stdout == ""
    assert ended.stderr.count("Permission denied") == 2
    assert ended.stderr.count("password is required") == 2


AS_USER = "setpriv --reuid autograde --regid autograde --init-groups"
MAKE = ("/bin/sh", "-c", f"chown -R autograde /home/autograde; cd /home/autograde/autolab && exec {AS_USER} make 2>&1")


def job(source):
    files = package("autolab").files
    return {"Makefile": files["autograde-Makefile"], "autograde.tar": files["autograde.tar"], "optimizers.py": source}


def test_autolab_enters_no_score_when_the_grader_failed():
    said = autolab.lines(failed(OPTIMIZERS), OPTIMIZERS)
    assert "scores" not in said
    with tarfile.open(fileobj=io.BytesIO(package("autolab").files["autograde.tar"])) as archive:
        assert archive.getnames() == ["failed.txt"]


@pytest.mark.parametrize("counts", [True, None])
@pytest.mark.parametrize("name", ["optimizers", "07_LR-schedules"])
def test_autolab_installs_the_assessment(name, counts):
    """As its importer reads it: one folder first, a name of lower-case letters and digits, settings called like it."""
    made = autolab.package(replace(OPTIMIZERS, id=name, quiz_counts=counts)).files
    (file,) = [file for file in made if file.endswith(".tar") and file != "autograde.tar"]
    with tarfile.open(fileobj=io.BytesIO(made[file])) as archive:
        root, *inside = archive.getmembers()
        called = root.name
        assert root.isdir()
        assert re.fullmatch(r"[a-z][a-z0-9]*", called)
        assert {one.name for one in inside} == {
            f"{called}/{x}" for x in (f"{called}.yml", "autograde-Makefile", "autograde.tar")
        }
        told = yaml.safe_load(archive.extractfile(f"{called}/{called}.yml"))
    assert (told["general"]["name"], file) == (called, f"{called}.tar")
    assert told["general"]["handin_filename"] == ("optimizers.zip" if counts else "optimizers.py")
    rows = {one["name"]: one["max_score"] for one in told["problems"]}
    assert rows == {c.id: c.points for c in OPTIMIZERS.criteria} | ({"quiz": 25} if counts else {})
    report = replace(nasty(), quiz_counts=bool(counts))
    scores = json.loads(autolab.lines(report, OPTIMIZERS).splitlines()[-1])["scores"]
    assert scores.keys() <= rows.keys() | {"quiz"}
    assert told["autograder"]["autograde_timeout"] == 300


def test_autolab_lines_are_one_line_each_and_the_quiz_is_a_problem_of_its_own():
    last = autolab.lines(nasty(), OPTIMIZERS).splitlines()[-1]
    assert json.loads(last)["scores"] == pytest.approx(
        dict.fromkeys([c.id for c in OPTIMIZERS.criteria], 0.0) | {"sgd": 3, "momentum": 15, "quiz": 1}
    )


# ------------------------------------------------------------------------------------------------- GitHub, JUnit XML
def command(platform, tmp_path, source, **environment):
    require("root")
    file = tmp_path / "optimizers.py"
    file.write_text(source)
    command = [
        sys.executable,
        "-m",
        f"autograder.adapters.{platform}",
        str(file),
        "--sandbox",
        "process",
        "--seed",
        "7",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)


@pytest.mark.slow
def test_github_annotates_and_writes_a_summary(grade, tmp_path):
    place = tmp_path / "summary.md"
    done = command("github", tmp_path, MILD + LOUD, GITHUB_STEP_SUMMARY=str(place))
    report = grade(MILD + LOUD, 7)
    assert done.stdout.splitlines() == list(github.commands(report, "optimizers.py"))
    assert place.read_text() == github.summary(report)
    assert re.search(
        r"(?m)^::error file=optimizers.py(,line=\d+,endLine=\d+)?,title=◐ Bias correction%3A 6.25 / 10::", done.stdout
    )
    assert "::notice file=optimizers.py,title=96.25 / 100::" in done.stdout


@pytest.mark.parametrize(
    "report", [nasty(), unmarked("not_gradable"), unmarked("grader_error")], ids=lambda r: r.status
)
def test_github_commands_stay_on_their_lines_and_inside_their_properties(report):
    for line in github.commands(report, "optimizers.py"):
        assert "\n" not in line
        assert re.fullmatch(r"::(error|notice|warning) file=optimizers\.py(,line=3,endLine=4)?,title=[^:,]*::.*", line)
        assert "\x1b" not in line
        assert "%250A::error" in line or NASTY[:8] not in line


def test_github_points_at_the_line_and_for_a_notebook_at_none():
    lines = list(github.commands(nasty(), "optimizers.py"))
    assert [",line=3,endLine=4," in line for line in lines] == [True, False, False, False]
    book = replace(nasty(), places=(replace(nasty().places[0], cell=5),))
    commands = list(github.commands(book, "optimizers.py"))
    assert not any("endLine" in line for line in commands)
    assert "Code cell 5, lines 3–4:" in commands[0]


def test_github_summary_holds_no_markup_of_others():
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(github.summary(nasty()))
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "text_special"}
    outside = [token.content for token in tokens if token.type == "html_block"]
    assert outside
    for block in outside:
        assert re.fullmatch(r"<pre>[^<>]*</pre>", block.strip())
    assert "@all" not in "".join(t.content for t in tokens if t.type == "inline")


def test_github_workflow_is_yaml_and_gives_no_student_a_token():
    text = package("github").files[".github/workflows/gradmark.yml"].decode()
    steps = pytest.importorskip("yaml", reason="needs the package pyyaml").safe_load(text)["jobs"]["mark"]["steps"]
    assert [s["with"]["persist-credentials"] for s in steps if "uses" in s] == [False, False]
    assert "inputs" not in "".join(s.get("run", "") for s in steps)  # an input in a script would be run


@pytest.mark.parametrize("asked", ["a/x b/y", "a/x, b/y", "a/x,b/y", " a/x\nb/y "])
def test_github_workflow_marks_a_class(tmp_path, asked):
    yaml = pytest.importorskip("yaml", reason="needs the package pyyaml")
    if shutil.which("jq") is None:
        pytest.skip("needs jq, which GitHub's machines have")
    jobs = yaml.safe_load(package("github").files[".github/workflows/gradmark.yml"])["jobs"]
    assert jobs["mark"]["strategy"]["matrix"]["repository"] == "${{ fromJSON(needs.class.outputs.all) }}"
    script = jobs["class"]["steps"][0]["run"]
    assert "inputs" not in script
    environment = {**os.environ, "ASKED": asked, "GITHUB_OUTPUT": str(tmp_path / "out")}
    subprocess.run(["bash", "-ec", script], env=environment, check=True)  # noqa: S607
    assert (tmp_path / "out").read_text() == 'all=["a/x","b/y"]\n'


def test_the_quiz_reaches_prairielearn_and_github_with_the_code(tmp_path):
    assert 'optional-file-names="quiz.toml"' in package("prairielearn").files["question/question.html"].decode()
    workflow = package("github").files[".github/workflows/gradmark.yml"].decode()
    assert '"$PWD/submission"' in workflow
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission/optimizers.py").write_text("class SGD: pass\n")
    (tmp_path / "submission/quiz.toml").write_text("variant = 1\n[answers]\n")
    assert set(intake(tmp_path / "submission").files) == {"optimizers.py", "quiz.toml"}


@pytest.mark.slow
def test_junit_is_read_by_a_real_client(tmp_path):
    junitparser = pytest.importorskip("junitparser", reason="needs the package junitparser")
    file = tmp_path / "results.xml"
    file.write_text(command("junit", tmp_path, MILD + LOUD).stdout, encoding="utf-8")
    (suite,) = junitparser.JUnitXml.fromfile(str(file))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(OPTIMIZERS.criteria), 1, 0, 0)
    assert [case.name for case in suite if case.result] == ["bias_correction"]
    assert {p.name: p.value for p in suite.properties()}["score"] == "96.25"


def texts(value):
    if isinstance(value, dict):
        return [text for one in (*value, *value.values()) for text in texts(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("report", [nasty(), *map(unmarked, ("not_gradable", "grader_error"))], ids=lambda r: r.status)
def test_no_platform_is_sent_what_steers_a_terminal_or_turns_text_round(report):
    sent = {
        "github": [*github.commands(report, "optimizers.py"), github.summary(report)],
        "junit": junit.xml(report),
        "coderunner": coderunner.results(report),
        "autolab": autolab.lines(report, OPTIMIZERS),
        "prairielearn": prairielearn.results(report),
        "gradescope": gradescope.results(report, common.policy(OPTIMIZERS), {}),
    }
    assert any(c in NASTY for c in STEERING)
    for platform, made in sent.items():
        assert not {c for text in texts(made) for c in text if c in STEERING}, platform


@pytest.mark.parametrize(
    ("report", "counts"),
    [(nasty(), ("4", "2", "0", "1")), (unmarked("not_gradable"), ("1", "0", "1", "0")), (unmarked("grader_error"), ("1", "0", "1", "0"))],
    ids=["nasty", "not_gradable", "grader_error"],
)  # fmt: skip
def test_junit_counts_what_it_holds_and_is_xml_whatever_was_said(report, counts):
    suite = ET.fromstring(junit.xml(report)).find("testsuite")  # noqa: S314 - ours
    assert tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped")) == counts
    found = tuple(str(len(suite.findall(f".//{kind}"))) for kind in ("testcase", "failure", "error", "skipped"))
    assert found == counts


# -------------------------------------------------------------------------------------------------------- CodeRunner
@pytest.fixture(scope="module")
def jobe_image():
    """A Jobe server, as far as a job sees it: users of the group jobe, and our set-up run by root."""
    sudo = "RUN apt-get update && apt-get install -y --no-install-recommends sudo"
    users = "RUN groupadd jobe && useradd --create-home --gid jobe jobe00"
    base = derived("gradmark-test-jobe", f"{sudo}\n{users}")
    ours = "ARG BASE\nFROM ${BASE}\nCOPY . /jobe\nRUN sh /jobe/setup.sh\n"
    return build("coderunner", "jobe", "BASE", base, dockerfile=ours)


@pytest.mark.slow("an image is built, and a mistake searched for its line in it and beside it")
@pytest.mark.docker
def test_coderunners_template_prints_what_gradmark_grade_says(jobe_image, grade, tmp_path):
    from jinja2 import Environment

    twig = Environment()  # noqa: S701 - Twig reads this template the same; its filter `e` escapes for Python here
    twig.filters["e"] = lambda text, _: text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    source = MILD + LOUD
    program = twig.from_string(package("coderunner").files["template.py"].decode()).render(STUDENT_ANSWER=source)
    command = ("/bin/sh", "-c", "su jobe00 -c 'python3 /home/jobe00/prog.py; ls /opt/gradmark'")
    ended = run(jobe_image, {"/home/jobe00/prog.py": program}, out="/tmp", to=tmp_path, command=command)  # noqa: S108
    assert json.loads(ended.stdout) == coderunner.results(grade(source))
    assert json.loads(ended.stdout)["fraction"] == pytest.approx(0.9625)
    assert "Permission denied" in ended.stderr


def test_coderunner_text_is_escaped_and_columns_fit():
    made = json.loads(json.dumps(coderunner.results(nasty())))
    head, *rows = made["testresults"]
    assert len(made["columnformats"]) == len(head) - 1
    for _, title, _, why in rows:
        assert not re.search(r"<(?!/?pre>)", title + why)
    assert rows[0][0] == pytest.approx(0.3)
    assert html.escape(NASTY[:10]) in made["prologuehtml"]
    assert "PRINTED" not in json.dumps(made)
    assert coderunner.results(unmarked("not_gradable"))["testresults"] == []


# ---------------------------------------------------------------------------------------------------------- packages
def test_every_platform_is_in_the_one_table_and_can_do_what_it_says():
    modules = {path.stem for path in Path(adapters.__file__).parent.glob("*.py")}
    assert having("package").keys() == {name for name in modules if _has_package(name)}
    assert having("download").keys() == bulk.PARSERS.keys()
    assert having("gradebook").keys() == gradebook.SHEETS.keys()


def _has_package(name: str) -> bool:
    try:
        return callable(packages(name))
    except (KeyError, AttributeError):
        return False


@pytest.mark.parametrize("platform", ["gradescope", "prairielearn", "autolab", "github", "coderunner"])
def test_a_package_names_no_machine_and_every_script_is_one(platform, tmp_path):
    packing.write(package(platform), tmp_path)
    for name, data in package(platform).files.items():
        assert str(OPTIMIZERS.folder.parents[2]).encode() not in data, name
        if data.startswith(b"#!"):
            subprocess.run([shutil.which("bash") or "sh", "-n", str(tmp_path / name)], check=True)
            assert os.access(tmp_path / name, os.X_OK)
    assert package(platform).told


def test_the_wheel_is_the_same_every_time_and_its_record_is_right():
    first, second = packing.wheel(OPTIMIZERS), packing.wheel(OPTIMIZERS)
    assert first == second
    archive = zipfile.ZipFile(io.BytesIO(first))
    (record,) = [name for name in archive.namelist() if name.endswith("/RECORD")]
    listed = dict(re.findall(r'^"(.+?)",sha256=([^,]+)', archive.read(record).decode(), re.MULTILINE))
    assert listed.keys() == set(archive.namelist()) - {record}
    for name, digest in listed.items():
        found = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
        assert found == digest, name


def test_an_assignment_from_elsewhere_is_packed_in_place_of_the_shipped_one(tmp_path):
    folder = tmp_path / "optimizers"
    shutil.copytree(OPTIMIZERS.folder, folder)
    (folder / "marker.toml").write_text("here = true\n")
    names = zipfile.ZipFile(io.BytesIO(packing.wheel(replace(OPTIMIZERS, folder=folder)))).namelist()
    assert "autograder/assignments/optimizers/marker.toml" in names
    assert len(names) == len(set(names))


# ------------------------------------------------------------------------------------------------------------- words
@pytest.mark.parametrize("counts", [True, False])
def test_rows_add_up_to_the_total_and_hide_nothing(counts):
    report = replace(nasty(), quiz_counts=counts)
    rows = common.rows(report)
    assert (sum(row.score for row in rows), sum(row.max_score for row in rows)) == total(report)
    for row in rows:
        assert "\n" not in row.title
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", row.text + row.title)
    told = common.heading(report) + "".join(row.text for row in rows)
    assert "PRINTED" not in told
    assert "EDIT" not in told
    assert "Lines 3–4:\n    <script>x</script>" in rows[0].text


def test_seeds_survive_readers_that_know_only_doubles():
    assert common.seed_of("gradescope", 1, 23) != common.seed_of("gradescope", 12, 3)
    assert 0 <= common.seed_of("x") < 2**48


def test_results_replace_a_link_and_are_whole(tmp_path):
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "results.json").symlink_to(tmp_path / "elsewhere")
    common.put(tmp_path / "results.json", {"score": 1})
    assert (tmp_path / "elsewhere").read_text() == "untouched"
    with pytest.raises(ValueError, match="JSON compliant"):
        common.put(tmp_path / "results.json", {"score": float("nan")})
    assert json.loads((tmp_path / "results.json").read_text()) == {"score": 1}


def test_grading_in_a_platforms_container_needs_root(tmp_path, monkeypatch):
    from autograder.sandbox import SandboxUnavailable

    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # what an ordinary user sees
    with pytest.raises(SandboxUnavailable, match="needs root there"):
        common.marked(tmp_path, OPTIMIZERS, 1)


def test_the_locked_requirements_that_are_packed_hold_every_dependency():
    """The packed wheel names none itself: what the lock lacks would be missing on every platform."""
    root = OPTIMIZERS.folder.resolve().parents[1]
    declared = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    packed = package("autolab").files["image/requirements.txt"].decode()
    locked = set(re.findall(r"^([a-z0-9-]+)==", packed, re.MULTILINE))
    assert {re.match(r"[a-z0-9-]+", line)[0] for line in declared} <= locked, "run make lock"
