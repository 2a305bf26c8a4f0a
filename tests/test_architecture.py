"""Which of our packages may import which: a new arrow is a new line in the table, its reason is in the commit."""

from __future__ import annotations

import ast
import shutil
import sys
from fnmatch import fnmatch
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the bottom up: a part (a package or file below autograder/) imports what its line lists, and itself.
ARROWS: dict[str, set[str]] = {
    # what everybody speaks in, and what runs beside a student's code and therefore knows none of it
    "version": set(),
    "guest": set(),
    "model": set(),
    "kinds": {"model"},
    # what is right, and what is asked: neither knows how it is judged
    "reference": set(),
    "assignments": {"model", "reference"},
    "blame": {"model", "syntax"},
    # Python of ours and of authors, parsed by one thread at a time
    "syntax": set(),
    "assignment": {"model", "blame", "kinds", "strip", "syntax"},
    # what students type, read: without keys and without libraries, for the form, check.py and the grader alike
    "reading": set(),
    # how it is judged
    "wire": {"model"},
    "judge": {"kinds", "model"},
    "left_out": {"model"},
    "sandbox": {"guest", "model", "wire"},  # of the guest: what a zygote says about an end
    "quiz": {"model", "reading"},
    "course": {"model", "assignment"},
    "endings": {"model"},
    "asking": {"model", "sandbox", "wire"},
    "at_home": {"asking", "judge", "model", "wire"},  # a student's own machine
    "pipeline": {"asking", "model", "version", "wire", "blame", "endings", "judge", "left_out", "sandbox", "quiz"},
    "variants": {"model", "quiz"},
    "verify": {
        "model",
        "assignment",
        "blame",
        "crew",
        "paraphrase",
        "judge",
        "pipeline",
        "sandbox",
        "syntax",
        "variants",
    },
    # what goes in and what comes out
    "platforms": set(),
    "lateness": set(),
    "zips": set(),  # the one writer of zips
    "intake": {"model", "legible", "platforms"},
    "render": {"model", "verify"},
    # the quiz and the marks, for platforms of others
    "export": {"model", "columns", "roster", "zips"},
    # who is who, in any list of people; an edition of an assignment; what a command is to mark
    "legible": set(),  # names in the code pages of Windows
    "columns": set(),  # what lists of people call their columns
    "roster": {"columns", "legible"},
    "edition": {"model", "quiz", "roster"},
    "gather": {"model", "intake", "roster"},
    # made from the model solution: the bare template, and right solutions in other hands
    "strip": {"syntax"},
    "paraphrase": {"syntax"},
    # work shared among processes
    "crew": set(),
    # the command
    "batch": {"model", "blame", "crew", "intake", "judge", "pipeline", "quiz", "sandbox"},
    # what people script with: the command is built on it
    "api": {"model", "assignment", "batch", "blame", "course", "crew", "intake", "regenerate", "sandbox", "verify"},
    "publish": {"model", "api", "blame", "batch", "render", "sandbox", "verify"},
    "cli": {
        "model",
        "platforms",
        "version",
        "assignment",
        "intake",
        "sandbox",
        "batch",
        "blame",
        "course",
        "crew",  # how many cores there are
        "publish",
        "export",
        "verify",
        "regenerate",
        "adapters",
        "authoring",
        "practice",
        "edition",
        "gather",
        "roster",
        "service.settings",
        "service.logs",
        "service.command",
        "service.operate",
        "service.serve",
        "service.stopping",
        "service.worker",
    },
    # an assignment written anew: it hands out the very code that compares, and shows what verify says
    "regenerate": {
        "edition",
        "roster",
        "model",
        "version",
        "assignment",
        "blame",
        "pipeline",
        "quiz",
        "reading",
        "sandbox",
        "verify",
        "render",
        "strip",
        "syntax",
        "zips",
    },
    # what platforms of others take, and what runs there: thin functions of one report
    "adapters": {
        "course",  # nbgrader marks a stage of one by its name
        "edition",
        "lateness",
        "platforms",
        "roster",
        "model",
        "version",
        "assignment",
        "batch",
        "publish",
        "regenerate",
        "render",
        "sandbox",
        "strip",
        "zips",
    },
    # a new assignment, and exercises without end
    "authoring": {"model", "assignment", "strip", "syntax", "verify"},
    "practice": {"model", "quiz"},
    "__main__": {"cli"},
    "manual": {"cli"},
    # the service: the rooms of `web` know neither assignments nor keys nor sandboxes, `worker` is the trusted side
    "service": set(),
    "service.settings": set(),
    "service.logs": set(),
    "service.rules": {"lateness", "model", "roster"},
    "service.store": {"model", "service.rules"},
    "service.stopping": set(),
    "service.bell": {"service.store"},
    "service.queue": {"service.bell", "service.store"},
    "service.outbox": {"service.queue", "service.store"},
    "service.outgoing": set(),
    # the rooms of the web process: what every request meets, then who it is for; `web` itself is the app and its templates
    "service.web.edge": {
        "render",
        "service.logs",
        "service.outgoing",
        "service.queue",
        "service.rules",
        "service.settings",
        "service.store",
    },
    "service.web.student": {
        "reading",
        "intake",
        "model",
        "render",
        "service.queue",
        "service.rules",
        "service.store",
        "service.web.edge",
        "zips",
    },
    "service.web.staff": {
        "platforms",
        "export",
        "roster",
        "model",
        "render",
        "service.operate",
        "service.outbox",
        "service.queue",
        "service.rules",
        "service.store",
        "service.web.edge",
        "service.web.student",
    },
    "service.web.lti": {
        "service.operate",
        "service.outbox",
        "service.outgoing",
        "service.queue",
        "service.rules",
        "service.store",
        "service.web.edge",
    },
    "service.web.api": {
        "render",
        "service.queue",
        "service.rules",
        "service.store",
        "service.web.edge",
        "service.web.staff",
        "service.web.student",
    },
    "service.web": {
        "version",
        "service.queue",
        "service.settings",
        "service.store",
        "service.web.api",
        "service.web.edge",
        "service.web.lti",
        "service.web.staff",
        "service.web.student",
    },
    "service.worker": {
        "model",
        "assignment",
        "course",
        "intake",
        "quiz",
        "pipeline",
        "syntax",
        "sandbox",
        "batch",
        "verify",
        "render",
        "regenerate",
        "practice",
        "service.settings",
        "service.stopping",
        "service.rules",
        "service.store",
        "service.bell",
        "service.queue",
        "service.outbox",
        "service.outgoing",
        "service.operate",
        "adapters",
        "export",
        "zips",
    },
    # what operators do at a terminal, and workers once a day
    "service.operate": {"version", "service.settings", "service.store", "service.queue", "service.rules", "zips"},
    "service.command": {"service.settings", "service.store", "service.operate"},
    "service.serve": {"service.operate", "service.settings", "service.stopping", "service.store", "service.web"},
}

SEARCHING = {
    "gradmark_edits",
    "gradmark_expressions",
    "gradmark_plan",
    "gradmark_scope",
    "gradmark_statements",
    "gradmark_switched",
    "gradmark_trees",
}
LAID_OUT = {"confine", "harness", "zygote"}  # our own, by the names that they have where they lie in a sandbox

# Other people's libraries, and the only parts that know them.
LIBRARIES: dict[str, set[str]] = {
    "adapters": {"jinja2", "nbgrader", "traitlets"},  # the last two on nbgrader's own ground, where they are installed
    "assignments": {"mpmath", "numpy", "tinytorch"},  # the last in what students write
    "authoring": {"jinja2"},
    "assignment": {"numpy"},
    "blame": {"numpy"},
    "cli": {"typer"},
    "manual": {"typer"},  # which has the command as data
    "guest": {"numpy", "tinytorch", *SEARCHING, *LAID_OUT},  # the third come with a job that searches
    "kinds": {"numpy"},
    "judge": {"numpy"},
    "model": {"numpy"},
    "pipeline": {"numpy"},
    "practice": {"numpy"},
    "quiz": {"mpmath"},
    "publish": {"rich"},
    "reference": {"numpy", "tinytorch", "torch"},  # the model solution is as students write; torch is recorded
    "regenerate": {"jinja2", "markupsafe", "numpy", "rich"},
    "render": {"contourpy", "jinja2", "markdown_it", "markupsafe", "numpy", "rich"},
    "sandbox": {"docker", "numpy", "seccompy"},
    "service.bell": {"psycopg", "sqlalchemy"},
    "service.command": {"sqlalchemy", "typer"},
    "service.operate": {"sqlalchemy"},
    "service.outbox": {"sqlalchemy"},
    "service.outgoing": {"httpx2"},
    "service.queue": {"sqlalchemy"},
    "service.serve": {"sqlalchemy", "starlette", "uvicorn"},
    "service.store": {"alembic", "cattrs", "sqlalchemy"},
    "service.web": {"fastapi", "sqlalchemy", "starlette"},
    "service.web.api": {"fastapi", "pydantic", "sqlalchemy", "starlette"},
    "service.web.edge": {
        "authlib",
        "fastapi",
        "joserfc",
        "jinja2",
        "limits",
        "markupsafe",
        "prometheus_client",
        "python_multipart",  # as it reads a form, so is asked what the form is in
        "sqlalchemy",
        "starlette",
    },
    "service.web.lti": {"fastapi", "jwt", "sqlalchemy"},
    "service.web.staff": {"fastapi", "markupsafe", "sqlalchemy"},
    "service.web.student": {"fastapi", "markupsafe", "pygments", "sqlalchemy"},
    "service.worker": {"cryptography", "jwt", "rapidfuzz", "sqlalchemy"},
    "verify": {"numpy"},
    "wire": {"numpy"},
}

BESIDE_STUDENTS = {
    "numpy",
    "tinytorch",
    *SEARCHING,
    *LAID_OUT,
}  # beyond the standard library; tinytorch is what students are given
HANDED_IN = {"hands", "samples"}  # folders of submissions: data, which we never import
BY_NAME = {
    "adapters",  # a platform's own module, of the same room
    "assignment",  # assignments, by name
    "sandbox",  # asks libraries where they lie
}


def modules(root: Path) -> dict[str, Path]:
    """Our modules by import name. Top-level folders are read as what the links in autograder/ make of them."""
    found: dict[str, Path] = {}
    for folder, name in (("autograder", ""), ("reference", "autograder."), ("assignments", "autograder.")):
        for file in sorted((root / folder).rglob("*.py")):
            inside = file.relative_to(root)
            linked = any((root / above).is_symlink() for above in inside.parents)
            if not linked and not HANDED_IN & set(inside.parts):
                found[name + ".".join(inside.with_suffix("").parts)] = file
    return found


def part(module: str) -> str:
    """The line of the table that a module belongs to: its package or file below autograder."""
    names = module.split(".")
    if is_guest(module):
        return "guest"
    if len(names) == 1 or names[1] == "__init__":
        return "version"
    if names[1] != "service":
        return names[1]
    # The service is large: its folders are parts of their own, so that the web process can be kept from keys,
    # and so are the rooms of the web process.
    inside = [name for name in names[2:] if name != "__init__"]
    deep = 2 if inside[:1] == ["web"] and inside[1:2] != ["app"] else 1
    return ".".join(["service", *inside[:deep]])


def is_guest(module: str) -> bool:
    return "guest" in module.split(".")


Told = ast.Import | ast.ImportFrom | ast.ClassDef | ast.Call


@cache
def told(text: str) -> list[Told]:
    """The imports, classes and calls of a source. Copies of the tree differ in a file or two: each text is parsed once."""
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, Told)]


def imports(module: str, file: Path, known: set[str]) -> set[str]:
    """What a module imports, as absolute names, type-only imports and those inside functions included."""
    names: set[str] = set()
    package = module.split(".")[:-1]
    for node in told(file.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(
                [*package[: len(package) - node.level + 1], node.module or ""] if node.level else [node.module or ""]
            )
            base = base.strip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                names.add(inner if inner in known or f"{inner}.__init__" in known else base)
    return names


def drawn(root: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The arrows in the code between parts of ours, and those to libraries."""
    found = modules(root)
    inner: dict[str, set[str]] = {}
    outer: dict[str, set[str]] = {}
    for module, file in found.items():
        mine = part(module)
        inner.setdefault(mine, set())
        for name in imports(module, file, set(found)):
            top = name.split(".")[0]
            if top == "autograder":
                inner[mine] |= {part(name)} - {mine}
            elif top not in sys.stdlib_module_names:
                outer.setdefault(mine, set()).add(top)
    return inner, outer


def complaints(actual: dict[str, set[str]], table: dict[str, set[str]]) -> list[str]:
    said = []
    for source in sorted(actual.keys() | table.keys()):
        here, allowed = actual.get(source, set()), table.get(source, set())
        said += [f"{source} imports {target}, which the table lacks" for target in sorted(here - allowed)]
        said += [f"the table lets {source} import {target}, which it does not" for target in sorted(allowed - here)]
        if source not in actual:
            said.append(f"the table speaks of {source}, which is not there or imports nothing")
    return said


def test_parts_import_what_the_table_says_and_the_table_says_what_they_import():
    inner, _ = drawn(ROOT)
    assert complaints(inner, ARROWS) == []
    assert inner.keys() == ARROWS.keys()


def test_libraries_are_known_only_where_the_table_says():
    _, outer = drawn(ROOT)
    assert complaints(outer, LIBRARIES) == []


def test_arrows_point_one_way():
    """Nothing upstream imports downstream: the table has an order."""
    TopologicalSorter(ARROWS).prepare()


def test_what_runs_beside_a_students_code_imports_only_what_the_sandbox_has():
    found = modules(ROOT)
    guests = {module: file for module, file in found.items() if is_guest(module)}
    assert guests
    for module, file in guests.items():
        foreign = {name.split(".")[0] for name in imports(module, file, set(found))} - sys.stdlib_module_names
        assert foreign <= BESIDE_STUDENTS, module


def test_only_who_must_imports_by_name():
    """An arrow that is drawn at run time is one that the table cannot see."""
    for module, file in modules(ROOT).items():
        text = file.read_text(encoding="utf-8")
        if not is_guest(module) and ("import_module(" in text or "__import__(" in text):
            assert part(module) in BY_NAME, module


@pytest.fixture
def copy(tmp_path):
    for folder in ("autograder", "reference", "assignments"):
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def class_names(root: Path) -> dict[str, list[str]]:
    """The names of classes below autograder/ and reference/ that more than one class has, with the files."""
    found: dict[str, list[str]] = {}
    for path in sorted([*(root / "autograder").rglob("*.py"), *(root / "reference").glob("*.py")]):
        for node in told(path.read_text(encoding="utf-8")):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(str(path.relative_to(root)))
    return {name: files for name, files in found.items() if len(files) > 1}


def test_a_class_name_means_one_thing():
    assert class_names(ROOT) == {}


def test_a_class_name_that_means_two_things_is_seen(copy):
    (copy / "autograder" / "second.py").write_text("class Outer:\n    class Report:\n        pass\n")
    assert class_names(copy) == {"Report": ["autograder/model.py", "autograder/second.py"]}


def zips_written(root: Path) -> list[str]:
    """The modules below autograder/ and reference/ that open a zip to write: in one place it is decided what its bytes are."""
    found = []
    for path in sorted([*(root / "autograder").rglob("*.py"), *(root / "reference").glob("*.py")]):
        for node in told(path.read_text(encoding="utf-8")):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("ZipFile", "make_archive")):
                how = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode")]
                if any(ast.unparse(one) != "'r'" for one in how) or "make_archive" in ast.unparse(node.func):
                    found.append(str(path.relative_to(root)))
    return found


def test_zips_are_written_in_one_place():
    assert set(zips_written(ROOT)) == {"autograder/zips.py"}


@pytest.mark.parametrize(
    "line", ["zipfile.ZipFile(to, 'w')", "ZipFile(to, mode=how)", "shutil.make_archive('a', 'zip')"]
)
def test_a_second_writer_of_zips_is_seen(copy, line):
    (copy / "autograder" / "second.py").write_text(f"def f(to, how):\n    return {line}\n")
    assert "autograder/second.py" in zips_written(copy)


def taken_from_tests(root: Path) -> list[str]:
    """What test files import from another one: helpers of several tests stand in files of their own."""
    found = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in told(path.read_text(encoding="utf-8")):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.stem} imports {name}" for name in names if name.startswith("test_")]
    return found


def test_no_test_file_imports_another():
    assert taken_from_tests(ROOT) == []


def test_a_helper_taken_from_a_test_file_is_seen(tmp_path):
    (tmp_path / "tests" / "service").mkdir(parents=True)
    (tmp_path / "tests" / "service" / "test_page.py").write_text("def test_it():\n    from test_student import put\n")
    assert taken_from_tests(tmp_path) == ["test_page imports test_student"]


PLANTED = {
    "upwards": ("autograder/model.py", "from autograder.cli import main", "model imports cli"),
    "in a function": (
        "autograder/wire.py",
        "def f():\n    import autograder.pipeline",
        "wire imports pipeline",
    ),
    "relative": ("autograder/render/text.py", "from ..sandbox import limits", "render imports sandbox"),
    "of a submodule": ("autograder/model.py", "from autograder import wire", "model imports wire"),
    "the core an assignment": (
        "autograder/pipeline.py",
        "import autograder.assignments.optimizers",
        "pipeline imports assignments",
    ),
    "in a linked folder": (
        "reference/updates.py",
        "import autograder.pipeline",
        "reference imports pipeline",
    ),
    "a student's page a staff page": (
        "autograder/service/web/student/pages.py",
        "from autograder.service.web.staff import texts",
        "service.web.student imports service.web.staff",
    ),
    "a guest the core": ("assignments/optimizers/guest.py", "import autograder.model", "guest imports model"),
}


@pytest.mark.parametrize("where", PLANTED)
def test_a_planted_arrow_is_seen(copy, where):
    file, line, complaint = PLANTED[where]
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    inner, _ = drawn(copy)
    assert f"{complaint}, which the table lacks" in complaints(inner, ARROWS)


def test_a_planted_library_is_seen(copy):
    with (copy / "autograder/model.py").open("a", encoding="utf-8") as source:
        source.write("\nimport docker.errors\n")
    _, outer = drawn(copy)
    assert "model imports docker, which the table lacks" in complaints(outer, LIBRARIES)


def test_a_row_that_no_code_uses_is_seen():
    inner, _ = drawn(ROOT)
    assert complaints(inner, {**inner, "model": {"wire"}}) == ["the table lets model import wire, which it does not"]
    assert any("speaks of nowhere" in said for said in complaints(inner, {**inner, "nowhere": set()}))


# ------------------------------------------------------------------------------------------------ a test file for each
# Modules of the core whose tests stand in a file of another name: file, modules as patterns, and why.
TESTED_TOGETHER: tuple[tuple[str, str, str], ...] = (
    ("test_adapters", "adapters/* platforms", "one report, as each platform reads it"),
    ("test_python_api", "api", "the page of examples is the test"),
    ("test_blame", "assignment/__init__ assignment/faults", "loading is where an author's mistakes are told"),
    ("test_new", "authoring/__init__", "`gradmark new`, as the page for authors has it"),
    ("test_cli", "__init__ __main__ batch publish", "what the command does, seen from outside"),
    ("test_export", "export/*", "one quiz in every format, and read back"),
    ("test_bulk", "gather", "a class is gathered from bulk downloads"),
    (
        "test_sandboxes",
        "guest/__init__ guest/confine guest/harness guest/preload guest/zygote sandbox/*",
        "one contract for all sandboxes and what runs in them",
    ),
    (
        "test_repair",
        "guest/edits guest/expressions guest/plan guest/scope guest/statements guest/switched guest/trees judge/places",
        "the search for a line, from edit to place",
    ),
    (
        "test_intake",
        "intake/__init__ intake/archive intake/cells intake/disk intake/names intake/notebook intake/text",
        "one submission in every form that it comes in",
    ),
    ("test_diagnose", "judge/__init__ judge/observations judge/played judge/search", "a verdict is their common work"),
    ("test_diagnose", "judge/verdict judge/waypoints", "a verdict is their common work"),
    ("test_asking", "judge/probing", "edits are tried in conversations"),
    ("test_course", "lateness", "lateness is a rule of courses"),
    ("test_loading", "left_out", "what was left out is said by who loads a file"),
    ("test_roster", "legible", "what is legible is decided for names of people"),
    ("test_pipeline", "model", "its nouns flow through the pipeline"),
    ("test_quiz", "quiz/*", "every kind of question by one contract"),
    ("test_reading", "reading/*", "an answer is read by all of them together"),
    ("test_quiz_sheet", "reading/sheet", "quiz.toml as students fill it in"),
    (
        "test_regenerate",
        "regenerate/__init__ regenerate/__main__ regenerate/home regenerate/run",
        "one folder, looked at",
    ),
    ("test_regenerate", "regenerate/figures regenerate/page regenerate/public regenerate/staff", "as students get it"),
    ("test_render", "render/*", "one report in every form"),
    ("test_quiz_items", "variants", "equal variants are made of equal items"),
    ("test_attacks", "wire", "it reads what an attacker wrote"),
)
NOT_CORE = ("service", "assignments", "reference", "student_template")  # tests/service has their like; shipped data


def without_a_test_file(root: Path) -> list[str]:
    """One sentence for each module of the core without a test file, and for each pattern that no module needs."""
    tests = {path.stem for path in (root / "tests").glob("test_*.py")}
    every = (path.relative_to(root / "autograder").with_suffix("") for path in (root / "autograder").rglob("*.py"))
    core = [path.as_posix() for path in every if path.parts[0] not in NOT_CORE]
    alone = [module for module in core if f"test_{module.rpartition('/')[2]}" not in tests]
    patterns = [(file, pattern) for file, of, _ in TESTED_TOGETHER for pattern in of.split()]
    known = [pattern for file, pattern in patterns if file in tests]
    missing = [module for module in alone if not any(fnmatch(module, pattern) for pattern in known)]
    idle = [pattern for _, pattern in patterns if not any(fnmatch(module, pattern) for module in alone)]
    return [f"{one} has no test file" for one in sorted(missing)] + [f"nothing needs the row of {one}" for one in idle]


def test_each_module_of_the_core_has_its_test_file():
    assert without_a_test_file(ROOT) == []


def test_a_module_without_a_test_file_is_seen(copy):
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "autograder" / "judge" / "luck.py").touch()
    (copy / "tests" / "test_columns.py").unlink()
    (copy / "autograder" / "lateness.py").unlink()
    assert without_a_test_file(copy) == [
        "columns has no test file",
        "judge/luck has no test file",
        "nothing needs the row of lateness",
    ]
