"""Tries edits of a submission inside the sandbox, and says what each of them does: a job of another kind.

The trusted side learns numbers and positions, and judges; what runs here knows no right answer.
"""

import ast
import contextlib
import functools
import gc
import importlib
import importlib.util
import operator
import signal
import sys
import time
import traceback
import warnings

import numpy as np
from gradmark_plan import Plan
from gradmark_switched import ELSEWHERE, LAST, NOTE, SWITCH, Build
from gradmark_trees import acts, annotated, changes_nothing, clone, functions, head_end, parse, text, walk

PLAY_SECONDS = 0.25  # of computing, for one edit in one scenario
MOST_HUNG = 4  # edits that used that up: no more are tried then
MOST_NOTED, MOST_ARRAYS = 50, 60  # values of one expression, and expressions
KEPT_BYTES = 2**15
MOST_TROUBLE = 1500  # characters of what went wrong with the search itself
BLOCK = 16  # edits: where one of them brings Python down, so many are left out


class Hung(BaseException):
    """An edit that does not end."""


class Enough(BaseException):
    """All that was asked for is recorded."""


def run(job, arrays, inputs, harness, finder):
    """Answers tasks until no more come; yields bytes: a frame for each edit and scenario, many at once."""
    source = job["sources"][job["submission"]]
    signal.signal(signal.SIGVTALRM, ring)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")  # most edits are wrong in some way: saying so costs more than trying them
    file = "<" + job["submission"] + ">"
    with harness.deadline(job["import_seconds"]):
        _, left_out = importlib.import_module("gradmark_loading").load(job["submission"], finder)
    tree = parse(source)
    without = {line for line, *_ in left_out}
    tree.body = [node for node in tree.body if first_line(node) not in without]
    search = Search(job, arrays, harness, file, tree)
    yield harness.frame({"loaded": True})
    while (received := harness.receive(inputs)) is not None:
        yield from search.answer(received[0]["edits"])


def first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def ring(_signal, _frame):
    raise Hung


def uncollected(make):
    """Do what makes thousands of nodes, none of which is garbage: nobody looks for any among them, then or later."""

    @functools.wraps(make)
    def made(*args, **kwargs):
        if not gc.isenabled():
            return make(*args, **kwargs)
        gc.disable()
        try:
            return make(*args, **kwargs)
        finally:
            gc.freeze()
            gc.enable()

    return made


class Prepared:
    """A program, the edits of whatever ran in its probing scenarios, how many lines that were, and what it did."""

    def __init__(self, plan, lines, did):
        self.plan, self.lines, self.did = plan, lines, did
        self.programs = []  # each with the numbers of the edits that stand in it behind a switch


class Search:
    """A submission, and ways to play it with something changed. What was worked out for one task serves the next."""

    def __init__(self, job, arrays, harness, file, tree):
        self.job, self.arrays, self.harness, self.file = job, arrays, harness, file
        self.driver_code = compile(job["sources"][job["driver"]], "<driver>", "exec", dont_inherit=True)
        self.loading = importlib.import_module("gradmark_loading")
        self.trees, self.known = {(): tree}, {}
        self.reference = None  # code, scenario, and what it did at the beginning
        self.task, self.hung = None, 0

    def answer(self, task):
        """Yields the frames for one task, those of many edits together; what goes wrong with the search is told."""
        try:
            yield from self.answered(task)
        except Exception:  # noqa: BLE001 - ours, or a submission's that has got at us
            yield self.harness.frame({"done": False, "trouble": traceback.format_exc()[-MOST_TROUBLE:]})

    def answered(self, task):
        self.task, self.hung = task, 0
        stale = self.reference is not None and self.referred() != self.reference[2]
        if stale:  # an edit has changed what all programs share
            yield self.harness.frame({"done": False, "stale": True})
            return
        planned = self.planned(task["chain"], task["probe"], rich=task["rich"])
        kept = b""
        for header, named in self.tried(planned):
            kept += self.harness.frame(header, named)
            if len(kept) > KEPT_BYTES or "block" in header:
                yield kept
                kept = b""
        told = {"done": self.finished(planned), "edits": len(planned.plan.edits), "seconds": time.process_time()}
        yield kept + self.harness.frame(told)

    def tried(self, planned):
        if self.task["running"]:
            return self.running(planned)
        if self.task["only"] is None:
            return self.sift(planned) if self.task["until"] is None else self.glance(planned)
        return self.switched(planned) if self.task["switched"] else self.confirm(planned.plan)

    def referred(self):
        code, number, _ = self.reference
        return digest(self.play(self.driver(), self.module(code), number))

    # ------------------------------------------------------------------------------------------- planning
    def tree(self, chain):
        """The submission with some edits made for good."""
        key = keyed(chain)
        if key not in self.trees:
            *before, last = chain
            plan = self.planned(before, last["probe"], rich=last["rich"]).plan
            self.trees[key] = annotated(clone(Build(plan, {last["number"]}).tree()))
        return self.trees[key]

    def planned(self, chain, probe, *, rich):
        """The edits of whatever ran in the probing scenarios, after those of a chain."""
        key = keyed(chain), tuple(probe), rich
        if key not in self.known:
            self.known[key] = self.traced(self.tree(chain), probe, rich=rich)
        return self.known[key]

    def traced(self, tree, probe, *, rich):
        """A program, and the edits of what runs in the probing scenarios."""
        code = self.compiled(tree)
        covered, lines, found, given = self.covered(code, probe)
        self.reference = self.reference or (code, probe[0], digest(found[0]))
        refused = any(fault is not None and fault["type"] == "TypeError" for fault, *_ in found)
        plan = uncollected(Plan)(tree, covered, rich=rich, refused=refused, given=given)
        return Prepared(plan, lines, [digest(one) for one in found])

    def covered(self, code, numbers):
        """The lines that run in some scenarios, how many one by one, what is recorded, and the module's names."""
        covered, lines = set(), 1
        self.silent, raised = 0, False

        def trace(frame, event, argument):
            nonlocal lines, raised
            if frame.f_code.co_filename != self.file:
                return None
            covered.add(frame.f_lineno)
            lines += 1
            if event in ("call", "line"):
                self.silent, raised = 0, False
            elif event == "exception":
                raised = True
            elif not raised and argument is None:  # and every function around it that hands on the same
                self.silent = self.silent or frame.f_lineno
            return trace

        play, module = self.driver(), self.module(code)
        sys.settrace(trace)
        try:
            found = [self.play(play, module, number) for number in numbers]
        finally:
            sys.settrace(None)
        return covered, lines, found, set(vars(module))

    # -------------------------------------------------------------------------------------------- playing
    def module(self, code, number=0, note=None):
        """The submission anew from compiled code, under its own name."""
        name = self.job["submission"]
        if "." in name:
            importlib.import_module(name.rpartition(".")[0])
        module = importlib.util.module_from_spec(importlib.util.find_spec(name))
        self.loading.furnish(module)
        vars(module).update({SWITCH: number, NOTE: note})
        sys.modules[name] = module
        with self.harness.deadline(self.job["import_seconds"]):
            exec(code, vars(module))  # noqa: S102 - this is the sandbox
        module.__kept__ = self.loading.Kept(module, (SWITCH, NOTE))
        return module

    def driver(self):
        space = {"__name__": self.job["driver"]}
        exec(self.driver_code, space)  # noqa: S102
        return space["play"]

    def play(self, play, module, number):
        """(fault or None, named arrays, facts) of one scenario."""
        recorder = self.harness.Recorder(module.__kept__.restore)
        fault = self.played(play, module, number, recorder)
        named, facts, trouble = recorder.result()
        return fault or trouble, named, facts

    def played(self, play, module, number, recorder):
        """The fault of one scenario, or None; what it did is in the recorder."""
        scenario = self.job["searched"][number]
        inputs = {name: self.arrays[key].copy() for name, key in scenario["arrays"].items()}
        signal.setitimer(signal.ITIMER_VIRTUAL, PLAY_SECONDS)
        try:
            recorder.afresh()
            play(module, scenario["spec"], inputs, recorder)
        except Enough:
            pass
        except Hung:
            self.hung += 1
            return {"type": "TookTooLong", "message": "still running", "action": recorder.doing}
        except BaseException as error:  # noqa: BLE001
            few = self.task is not None and self.task["only"] is not None and not self.task["switched"]
            # Where it was raised costs more than the run: told where that may be shown to a student.
            return (
                self.harness.describe(error, self.job, recorder.doing) if few else {"type": type(error).__name__[:80]}
            )
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return None

    def compiled(self, tree):
        return compile(tree, self.file, "exec", dont_inherit=True)

    # ------------------------------------------------------------------------------------------ searching
    def running(self, planned):
        """The statements that run in each scenario (of a compound one its head), and where None was given back last.

        Also the line of the one that changes nothing, where there is one.
        """
        tree = planned.plan.tree
        statements = [s for f, _ in functions(tree) for s in walk(f) if acts(s) and s is not f]
        stretches = sorted({(s.lineno, head_end(s)) for s in statements})
        no_ops = [s.lineno for s in statements if changes_nothing(s)]
        code = self.compiled(tree)
        for number in self.task["running"]:
            hung = self.hung
            covered, *_ = self.covered(code, [number])
            if self.hung > hung:
                continue
            ran = [(first, last) for first, last in stretches if not covered.isdisjoint(range(first, last + 1))]
            in_vain = [line for line in no_ops if line in covered]
            told = {"silent": self.silent, "no_op": in_vain[0] if len(in_vain) == 1 else 0}
            yield {"scenario": number, "running": ran, **told}, []

    def sift(self, planned):
        """Each edit in the probing scenarios, those left out that change nothing or break it."""
        probe, play, asked = self.task["probe"], self.driver(), self.in_turn(planned)
        code = self.built(planned, asked)
        asis = [self.play(play, self.module(code), number) for number in probe]
        usual = [digest(found) for found in asis]
        for turn, edit, module in self.each(code, asked):
            if turn % BLOCK == 0:
                yield {"block": turn + BLOCK}, []
            for place, number in enumerate(probe):
                found = self.play(play, module, number)
                if digest(found) == usual[place] or (found[0] and not asis[place][0]):
                    break
                yield self.header(edit, number, found), found[1]

    def glance(self, planned):
        """The first rows of the probing scenario with each edit that changes them: many at once."""
        (number,), play = self.task["probe"], self.driver()
        name, most = self.task["until"]
        first_rows = until(self.harness.Recorder, name, most)
        alike = {}  # edits, and the rows that were recorded with them, by the names and shapes of those
        asked = self.in_turn(planned)
        code = self.built(planned, asked)
        module = self.module(code)
        recorder = first_rows(module.__kept__.restore)
        usual = None if self.played(play, module, number, recorder) or recorder.trouble else told(recorder)
        for turn, edit, module in self.each(code, asked):
            if turn % BLOCK == 0:
                yield from stacked(alike)
                alike.clear()
                yield {"block": turn + BLOCK}, []
            recorder = first_rows(module.__kept__.restore)
            if self.played(play, module, number, recorder) is not None or recorder.trouble is not None:
                continue
            if len(recorder.rows.get(name, ())) == most and told(recorder) != usual:
                shape = tuple((n, len(rows), rows[0].shape, kinds(rows)) for n, rows in recorder.rows.items())
                alike.setdefault(shape, []).append((edit.number, recorder.rows))
        yield from stacked(alike)

    def switched(self, planned):
        """Some edits, each in the scenarios that are to be played."""
        play = self.driver()
        chosen = [(0, edit) for edit in planned.plan.edits if edit.number in set(self.task["only"])]
        for _, edit, module in self.each(self.built(planned, chosen), chosen):
            for number in self.task["played"]:
                found = self.play(play, module, number)
                yield self.header(edit, number, found), found[1]

    def each(self, code, chosen):
        """Yields turn, edit, and the program in which it is made; what cannot even be imported is passed over."""
        module = None  # anew after an edit of what stands when a file is imported
        for turn, edit in chosen:
            if self.hung > MOST_HUNG:
                return
            if edit.static or module is None:
                try:
                    module = self.module(code, edit.number if edit.static else 0)
                except Exception:  # noqa: BLE001
                    module = None
                    continue
            vars(module)[SWITCH] = edit.number
            yield turn, edit, module
            module = None if edit.static else module

    def built(self, planned, chosen):
        """A program with these edits behind a switch, so that trying one of them costs no compiling.

        With none of them switched on it does what it did without them, or the search would find nothing and not say so.
        """
        numbers = {edit.number for _, edit in chosen}
        for within, code in planned.programs:
            if numbers <= within:
                return code
        code = self.program(planned.plan, numbers)
        if code is None:
            self.compiled(Build(planned.plan, switched=set()).tree())  # raises where it is no edit's fault
            code = self.compiled(Build(planned.plan, switched=self.python(planned.plan, numbers)).tree())
        play, hung = self.driver(), self.hung
        does = [digest(self.play(play, self.module(code), number)) for number in self.task["probe"]]
        if does != planned.did and self.hung == hung:
            raise RuntimeError("With no edit switched on, the program with all edits does something else.")
        planned.programs.append((numbers, code))
        return code

    @uncollected
    def program(self, plan, numbers):
        """The code with these edits behind a switch, or None where it is no Python: a name before its `global`, say."""
        try:
            return self.compiled(Build(plan, switched=numbers).tree())
        except (SyntaxError, ValueError, TypeError):
            return None

    def python(self, plan, numbers):
        """Those of these edits that leave a program Python, by halves: with another one none could be tried."""
        if self.program(plan, numbers) is not None:
            return numbers
        if len(numbers) == 1:
            return set()
        ordered = sorted(numbers)
        middle = len(ordered) // 2
        return self.python(plan, set(ordered[:middle])) | self.python(plan, set(ordered[middle:]))

    def in_turn(self, planned):
        """The edits that are tried, numbered: the smallest first, and fewer where one run is long."""
        edits = self.alike(planned.plan) if self.task["like"] else planned.plan.edits
        cheapest = sorted(edits, key=lambda edit: edit.cost)[: self.affordable(planned)]
        asked = [e for e in cheapest if self.task["above"] < e.cost <= self.task["up_to"]]
        return list(enumerate(asked))[self.task["after"] :]

    def alike(self, plan):
        """The edits that change the same into the same as those that were tried for other steps of the chain."""
        chain, wanted = self.task["chain"], set()
        for place, numbers in self.task["like"]:
            before = self.planned(chain[:place], chain[place]["probe"], rich=chain[place]["rich"]).plan
            wanted |= {*before.changes(numbers).values()}
        begins = {change[:2] for change in wanted}
        near = [e.number for e in plan.edits if (e.kind, text(e.anchor)) in begins]
        found = {number for number, change in plan.changes(near).items() if change in wanted}
        return [edit for edit in plan.edits if edit.number in found]

    def affordable(self, planned):
        """Return how many edits may be tried."""
        return self.task["lines"] // planned.lines

    def finished(self, planned):
        """Return whether every edit was tried."""
        small = [e for e in planned.plan.edits if e.cost <= self.task["up_to"]]
        return self.hung <= MOST_HUNG and not planned.plan.full() and len(small) <= self.affordable(planned)

    def confirm(self, plan):
        """Each of a few edits made for good, in every scenario that is to be played."""
        for edit in plan.edits:
            if edit.number not in self.task["only"] or self.hung > MOST_HUNG:
                continue
            build = Build(plan, {edit.number})
            tree = build.tree()
            try:
                module, play = self.module(self.compiled(tree)), self.driver()
            except BaseException:  # noqa: BLE001, S112
                continue
            now = changed_lines(plan.tree, tree)
            for number in self.task["played"]:
                if number == self.task["watch"]:
                    yield {**self.header(edit, number, (None, [], {})), "now": now}, self.watched(plan, edit, number)
                    continue
                found = self.play(play, module, number)
                yield {**self.header(edit, number, found), "now": now}, found[1]

    def watched(self, plan, edit, number):
        """Return the values at the edit, from the inside out, and those computed elsewhere: of each expression."""
        noted = {}

        def note(depth, value):
            for part in value if isinstance(value, tuple) else (value,):
                with contextlib.suppress(Exception):
                    numbers = np.asarray(getattr(part, "data", part) if depth == LAST else part)
                    # An answer is no quantity.
                    numbers = numbers.astype(float) if numbers.dtype != bool else numbers[:0]
                    if numbers.size == 1 and len(noted.setdefault(depth, [])) < MOST_NOTED:
                        noted[depth].append(float(numbers.ravel()[0]))
            return value

        try:
            module = self.module(self.compiled(Build(plan, {edit.number}, edit).tree()), note=note)
            self.play(self.driver(), module, number)
        except Exception:  # noqa: BLE001 - an expression that cannot be watched
            return []
        return [
            (f"noted{depth}" if depth < ELSEWHERE else f"computed{depth}", np.array(values))
            for depth, values in sorted(noted.items())[:MOST_ARRAYS]
            if values
        ]

    def header(self, edit, number, found):
        told = {"edit": edit.number, "scenario": number, "line": edit.line, "end": edit.end, "kind": edit.kind}
        return {**told, "cost": edit.cost, "facts": found[2], "fault": found[0]}


def keyed(chain):
    """A chain as a key."""
    return tuple((tuple(step["probe"]), step["rich"], step["number"]) for step in chain)


def until(recorder, name, most):
    """A recorder that ends the run when an array has so many rows, or when nothing more will be recorded."""

    class FirstRows(recorder):
        __slots__ = ()

        def row(self, which, value):
            super().row(which, value)
            if self.trouble is not None or (which == name and len(self.rows[name]) >= most):
                raise Enough

    return FirstRows


def told(recorder):
    """Equal for two runs that recorded the same."""
    rows = [(name, [row.tobytes() for row in rows]) for name, rows in recorder.rows.items()]
    return rows, sorted(recorder.facts.items(), key=str)


def kinds(rows):
    """The kinds of the numbers in some rows."""
    return "".join([row.dtype.kind for row in rows])


def stacked(alike):
    """Yields the header and the arrays of many edits at once, one row of each array for each edit."""
    for found in alike.values():
        arrays = [(name, np.array([rows[name] for _, rows in found])) for name in found[0][1]]
        yield {"glanced": [number for number, _ in found]}, arrays


def changed_lines(before, after):
    """The first lines that read otherwise now: for staff."""
    was, now = before.body, after.body
    while True:  # down to the function: to write a whole file anew takes long
        start, end = common(was, now, operator.is_)
        was, now = was[start : len(was) - end], now[start : len(now) - end]
        if not (len(was) == len(now) == 1 and isinstance(was[0], ast.ClassDef) and isinstance(now[0], ast.ClassDef)):
            break
        was, now = was[0].body, now[0].body
    was, now = ([line for one in some for line in ast.unparse(one).splitlines()] for some in (was, now))
    start, end = common(was, now, operator.eq)
    return " ⏎ ".join([line.strip() for line in now[start : len(now) - end]][:3])[:200]


def common(some, others, equal):
    """Count the first items that are alike, and the last ones."""
    return alike(some, others, equal), alike(some[::-1], others[::-1], equal)


def alike(some, others, equal):
    """Count the first items that are alike."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, pair in pairs if not equal(*pair)), min(len(some), len(others)))


def digest(found):
    """Equal for two runs that did the same; a name that nothing sets may be a local one where an edit sets it."""
    fault, named, facts = found
    ended = "NameError" if fault and fault["type"] == "UnboundLocalError" else (fault or {}).get("type")
    return ended, [(name, array.tobytes()) for name, array in named], sorted(facts.items(), key=str)
