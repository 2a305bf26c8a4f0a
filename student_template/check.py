"""Checks your optimizers.py at home, as often as you like:

    python check.py                 checks optimizers.py beside this file
    python check.py other.py        checks another file

In the notebook, run `import check; check.cells(globals())` to check what its cells define.

It plays public experiments: fixed inputs, and what comes out of a right solution, both in check_files/. The
experiments that mark you are of the same kinds with other numbers, drawn for your file alone, so that what
passes here because it is right passes there too. Of the answers in quiz.toml, if there is one, it says how they are
read, and not whether they are right. Needs Python 3.10 and NumPy, and no network. Exit status:
0 when everything passes, 1 when something does not, 2 when there was nothing to check.
"""

import importlib
import json
import signal
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

HOME = Path(__file__).resolve().parent
FILES = HOME / "check_files"
sys.path[:0] = [str(HOME), str(FILES)]  # here is tinytorch, and there are driver.py and code of the grader

try:
    import numpy as np
except ModuleNotFoundError:
    sys.exit("This needs NumPy. Install it with: python -m pip install numpy")
try:
    import driver
    from autograder.endings import why_not_imported
    from autograder.guest import harness
    from autograder.judge import exhibits, explain, marks, observations
    from autograder.kinds import with_kinds
    from autograder.model import Check, Conduct, Criterion, Fault, Observation, Scenario, Tolerance
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is missing. Keep check.py in the folder it came in, with check_files/ and tinytorch/.")

NOT_WRITTEN = "NotImplementedError"
WHERE = "--where"


def main(arguments):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that has no θ shows a question mark
    asked = read_experiments()
    files = [argument for argument in arguments if argument != WHERE]
    status = check_code(Path(files[0]) if files else HOME / asked.main, asked, where=WHERE in arguments)
    show_quiz()
    return status


def check_code(path, asked, *, where):
    """Plays the experiments with one file and says what came out, and where; the exit status."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        print(f"There is no {path}. Write your solution into {asked.main} beside check.py, or name the file to check.")
        return 2
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path} cannot be read: {error}. Is it your Python file, saved as UTF-8?")
        return 2
    module = load(source, asked)
    if module is None:
        return 1
    seen = play(module, asked)
    status = show(asked, seen)
    if where and status:
        show_places(asked, seen, source)
    return status


def cells(names):
    """Checks what the cells of a notebook have defined: `cells(globals())`."""
    asked = read_experiments()
    importlib.reload(driver)  # it remembers which form of gradient your classes take: they may have changed
    show(asked, play(SimpleNamespace(**names), asked))


# ------------------------------------------------------------------------------------------------- your code runs
def load(source, asked):
    """Your file as the module that tinytorch knows it by; says why when it cannot be imported."""
    sys.meta_path.insert(0, harness.Sources({asked.module: source}))
    try:
        with limit(asked.import_seconds):
            return importlib.import_module(asked.module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # your file may do anything at all
        fault = Fault(**harness.describe(error, {"submission": asked.module}))
        print(why_not_imported(Conduct(False, fault, "finished", "")))
        return None


def play(module, asked):
    """Run your code in each experiment; two endless loops in one class end the experiments of that class."""
    seen, hung, golden = {}, {}, asked.golden(asked.scenarios, frozenset())
    for scenario in asked.scenarios:
        if hung.get(scenario.group, 0) >= 2:
            continue
        recorder, fault = harness.Recorder(), None
        inputs = {name: array.copy() for name, array in scenario.arrays.items()}
        try:
            with limit(asked.seconds), np.errstate(all="ignore"):
                driver.play(module, scenario.spec, inputs, recorder)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            fault = harness.describe(error, {"submission": asked.module}, recorder.doing)
            hung[scenario.group] = hung.get(scenario.group, 0) + isinstance(error, harness.TookTooLong)
        arrays, facts, trouble = recorder.result()
        fault = fault or trouble
        did = Observation(scenario.id, dict(arrays), facts, Fault(**fault) if fault else None)
        seen[scenario.id] = observations.fitting(with_kinds(did), golden[scenario.id])
    return observations.with_derived(asked, asked.scenarios, seen)


@contextmanager
def limit(seconds):
    """Ends what takes too long, where the system can: on Windows press Ctrl-C instead. Starts no thread, as in the grader."""
    ends = harness.deadline(seconds) if hasattr(signal, "setitimer") else nullcontext()
    with harness.one_thread(), ends:
        yield


# --------------------------------------------------------------------------------------------- and is compared
def show(asked, seen):
    golden = observations.with_derived(asked, asked.scenarios, asked.golden(asked.scenarios, frozenset()))
    golden, followed, findings = explain.settle(asked, asked.scenarios, golden, seen)
    told = {row.id: state(row.id, findings, asked, seen) for row in asked.criteria}
    print(f"{asked.title}: the public experiments\n")
    for row in asked.criteria:
        print(f"  {told[row.id]}  {row.title}")
    wrong = {f.check.criterion for f in findings if told[f.check.criterion] == WRONG}
    show_numbers(asked, golden, seen, [f for f in findings if f.status == "failed" and f.check.criterion in wrong])
    for convention in asked.conventions:
        if convention.id in followed.get(convention.group, ()):
            print(f"\nA remark, which costs nothing: {convention.remark}")
    return conclude(told, seen)


RIGHT, WRONG, LATER, NOT_YET = "✓ right      ", "✗ not right  ", "… later      ", "– not written"


def state(row, findings, asked, seen):
    """A row is wrong where nothing else can be the reason; what another mistake may have spoilt is told later."""
    states = set()
    for subject in dict.fromkeys(asked.subjects.values()):
        about = [f for f in findings if asked.subjects[f.scenario] == subject]
        failed = [f for f in about if f.check.criterion == row and f.check.relation is None and f.status != "passed"]
        if not [f for f in about if f.check.criterion == row]:
            continue
        states.add(blame(row, about, failed, seen) if failed else RIGHT)
    return next((s for s in (WRONG, NOT_YET, LATER) if s in states), RIGHT)


def blame(row, about, failed, seen):
    if all(unwritten(seen.get(f.scenario)) for f in failed):
        return NOT_YET
    settled = isolated(about)
    if row in settled:
        return WRONG if settled[row] else RIGHT
    wrong = [name for name, is_wrong in settled.items() if is_wrong]
    direct = (f for f in about if f.status != "passed" and f.check.relation is None)
    first = next(f.check.criterion for f in direct if f.check.criterion not in settled)
    return WRONG if not wrong and row == first else LATER


def isolated(about):
    """Rows with experiments that leave other mistakes out: whether one of those failed."""
    rows = {}
    for finding in about:
        if marks.is_isolating(finding):
            rows[finding.check.criterion] = rows.get(finding.check.criterion, False) or finding.status != "passed"
    return rows


def unwritten(observation):
    return observation is not None and observation.fault is not None and observation.fault.type == NOT_WRITTEN


# --------------------------------------------------------------------------------------------------- in words
def show_numbers(asked, golden, seen, findings):
    shown = {e.criterion: e for e in exhibits.find_exhibits(asked, asked.scenarios, golden, seen, findings)}
    for row in asked.criteria:
        mine = [f for f in findings if f.check.criterion == row.id]
        if not mine:
            continue
        print(f"\n{row.title}")
        told = shown.get(row.id)
        if told is None or told.scenario != mine[0].scenario or mine[0].message:
            messages = list(dict.fromkeys(f.message for f in mine if f.message))
            if not messages and told is None:
                messages = [f"Look at “{title(asked, mine[0])}”."]
            for message in messages[: marks.MAX_MESSAGES]:
                print(f"  {message}")
        if told is not None:
            show_table(told)


def title(asked, finding):
    return next(s.title for s in asked.scenarios if s.id == finding.scenario)


def show_table(exhibit):
    print(f"  {exhibit.title}: {', '.join(exhibit.setup)}")
    print(f"    {exhibit.axis + exhibit.place:<6}{'expected':>14}{'found':>14}{'ratio':>10}")
    for step, expected, found, ratio in exhibit.rows:
        mark = "  ≠" if expected != found else ""
        print(f"    {step:<6}{expected:>14}{found:>14}{ratio:>10}{mark}")


def conclude(told, seen):
    right, states = sum(s == RIGHT for s in told.values()), set(told.values())
    if right == len(told):
        print("\nEverything passes. Well done: hand it in.")
        return 0
    print(f"\n{right} of {len(told)} rows are right.", end=" ")
    if LATER in states:
        print("“Later” can be told when the rows marked ✗ are right: mend those first.")
    elif NOT_YET in states and states <= {NOT_YET, WRONG} and right == 0:
        print("Everybody starts here: write the methods from the top down, and run this again after each.")
    else:
        print("Each table is small enough to check by hand: where expected and found part, something is off.")
    print_todo(seen)
    return 1


def todo(seen):
    return [o.fault for o in seen.values() if unwritten(o) and o.fault.line]


def print_todo(seen):
    left = todo(seen)
    if left:
        first = min(left, key=lambda fault: fault.line)
        print(f"Not written yet, from the top: line {first.line}, {first.message.removeprefix('TODO: ')}.")


# ------------------------------------------------------------------------------------------------ and in which line
def show_places(_asked, _seen, _source):
    print(f"\nThe check.py of your course does not look for lines: {WHERE} changes nothing.")


# ------------------------------------------------------------------------------------------ how your quiz is read
def show_quiz():
    """Says how each answer in quiz.toml is read, and not whether it is right."""
    questions = next((file for file in (HOME / "questions.json", FILES / "questions.json") if file.exists()), None)
    if questions is None or not (HOME / "quiz.toml").exists():
        return
    known, sheet = json.loads(questions.read_text(encoding="utf-8")), read_quiz()
    answers = sheet.answers if sheet else None
    if not isinstance(answers, dict):
        return
    if sheet.table.get("variant") != known["variant"]:
        print(f"\n{questions.name} belongs to another quiz.toml than yours. Put the two that you were given here.")
        return
    print("\nYour answers in quiz.toml, as they are read (whether they are right is not told here):\n")
    for question in known["questions"]:
        given = read_answer(question, answers.pop(question["id"], ""))
        print(f"  {question['id']}: {'IS ANSWERED TWICE' if question['id'] in sheet.twice else given}")
    for name in answers:
        print(f"  {name}: there is no such question. Copy its name from the quiz.toml that you were given.")


def read_quiz():
    from reading import Unreadable, sheet

    try:
        found = sheet.read(sheet.decoded((HOME / "quiz.toml").read_bytes()))
    except ModuleNotFoundError:
        print("\nWith Python 3.11 or newer you see here how your answers in quiz.toml are read.")
    except (OSError, Unreadable) as error:
        print(f"\n{error}")
    else:
        if found.fault:
            print(f"\nquiz.toml is not valid TOML: {found.fault}. It is read line by line: look at each answer.")
        return found
    return None


def read_answer(question, answer):
    import reading

    if reading.is_empty(answer):
        return "not answered"
    try:
        return f"read as {reading.read_as(question, answer)}"
    except reading.Unreadable as error:
        return f"CANNOT BE READ. {error}"


# ------------------------------------------------------------------------------------------------ what is asked
def read_experiments():
    data = json.loads((FILES / "experiments.json").read_text(encoding="utf-8"))
    scenarios = tuple(scenario(entry) for entry in data["scenarios"])
    setups = {entry["id"]: entry["setup"] for entry in data["scenarios"]}
    subjects = {entry["id"]: entry["subject"] for entry in data["scenarios"]}
    return SimpleNamespace(
        title=data["title"], main=data["main"], module=data["module"], seconds=data["seconds"],
        import_seconds=data["import_seconds"], scenarios=scenarios, subjects=subjects,
        criteria=[Criterion(**entry) for entry in data["criteria"]],
        tolerances={name: Tolerance(**entry) for name, entry in data["tolerances"].items()},
        conventions=[SimpleNamespace(**entry) for entry in data["conventions"]],
        subject=lambda scenario: subjects[scenario.id],
        golden=lambda some, following: goldens(data, [s.id for s in some], following, subjects),
        derive=derive(),
        explain=lambda scenario, *_: (setups[scenario.id], ""),
    )  # fmt: skip


def derive():
    """The function that says what follows from recorded numbers, where the assignment has one."""
    try:
        return importlib.import_module("derive").derive
    except ModuleNotFoundError:
        return lambda _scenario, _arrays: {}


def scenario(entry):
    checks = tuple(check(told) for told in entry["checks"])
    given = (entry["id"], entry["title"], entry["group"], entry["spec"], arrays(entry["arrays"]), checks)
    return Scenario(*given, axis=entry["axis"], without=frozenset(entry["without"]))


def check(told):
    return Check(**{name: tuple(value) if isinstance(value, list) else value for name, value in told.items()})


def goldens(data, ids, following, subjects):
    """Return the observations of a right solution, by the conventions that are followed."""
    chosen = {name: data["golden"][name] for name in ids}
    for other in data["otherwise"]:
        if following and set(other["conventions"]) == set(following):
            chosen.update({n: o for n, o in other["golden"].items() if n in chosen and subjects[n] == other["subject"]})
    return {name: observed(name, told) for name, told in chosen.items()}


def observed(name, told):
    return Observation(name, arrays(told["arrays"]), told["facts"], None, told.get("kinds", {}))


def arrays(entries):
    return {name: np.array(e["numbers"], dtype=np.float64).reshape(e["shape"]) for name, e in entries.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
