"""Tries edits of a submission inside the sandbox, and says what each of them does: a job of another kind.

The trusted side learns numbers and positions, and judges; what runs here knows no right answer.
"""

import ast
import contextlib
import importlib
import importlib.util
import linecache
import signal
import sys
import time
import warnings

import gradmark_edits as edits
import numpy as np

PLAY_SECONDS = 0.25  # of computing, for one edit in one scenario
MOST_HUNG = 4  # edits that used that up: no more are tried then
MOST_NOTED, MOST_ARRAYS = 50, 60  # values of one expression, and expressions
KEPT_BYTES = 2**15
BLOCK = 16  # edits: where one of them brings Python down, so many are left out


class Hung(BaseException):
    """An edit that does not end."""


def run(job, arrays, harness, finder):
    """Plays the edits that the task names; yields bytes: a frame for each edit and scenario, many at once."""
    task, source = job["edits"], job["sources"][job["submission"]]
    signal.signal(signal.SIGVTALRM, ring)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")  # most edits are wrong in some way: saying so costs more than trying them
    file = "<" + job["submission"] + ">"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    search = Search(job, arrays, harness, file)
    with harness.deadline(job["import_seconds"]):
        _, left_out = importlib.import_module("gradmark_loading").load(job["submission"], finder)
    tree = edits.parse(source)
    without = {line for line, *_ in left_out}
    tree.body = [node for node in tree.body if first_line(node) not in without]
    for step in task["chain"]:
        plan = search.plan(tree, step["probe"], rich=step["rich"])
        tree = edits.annotated(edits.clone(edits.Build(plan, {step["number"]}).tree()))
    plan = search.plan(tree, task["probe"], rich=task["rich"])
    kept = harness.frame({"loaded": True})
    by_itself = task["only"] is not None and not task["switched"]
    for header, named in search.confirm(plan, task["only"]) if by_itself else search.sift(plan, task["only"]):
        kept += harness.frame(header, named)
        if len(kept) > KEPT_BYTES or "block" in header:
            yield kept
            kept = b""
    yield kept + harness.frame(
        {"done": search.finished(plan), "edits": len(plan.edits), "seconds": time.process_time()}
    )


def first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def ring(_signal, _frame):
    raise Hung


class Search:
    """A submission, and ways to play it with something changed."""

    def __init__(self, job, arrays, harness, file):
        self.job, self.arrays, self.harness, self.file = job, arrays, harness, file
        self.driver_code = compile(job["sources"][job["driver"]], "<driver>", "exec", dont_inherit=True)
        self.hung = 0
        self.lines = 1  # of the submission that the probing scenarios run
        self.loading = importlib.import_module("gradmark_loading")

    # -------------------------------------------------------------------------------------------- playing
    def module(self, code, number=0, note=None):
        """The submission anew from compiled code, under its own name."""
        name = self.job["submission"]
        if "." in name:
            importlib.import_module(name.rpartition(".")[0])
        module = importlib.util.module_from_spec(importlib.util.find_spec(name))
        vars(module).update({edits.SWITCH: number, edits.NOTE: note, "get_ipython": None, "display": print})
        sys.modules[name] = module
        with self.harness.deadline(self.job["import_seconds"]):
            exec(code, vars(module))  # noqa: S102 - this is the sandbox
        module.__kept__ = self.loading.Kept(module, (edits.SWITCH, edits.NOTE))
        return module

    def driver(self):
        space = {"__name__": self.job["driver"]}
        exec(self.driver_code, space)  # noqa: S102
        return space["play"]

    def play(self, play, module, number):
        """(fault or None, named arrays, facts) of one scenario."""
        scenario = self.job["edits"]["scenarios"][number]
        recorder, fault = self.harness.Recorder(module.__kept__.restore), None
        inputs = {name: self.arrays[key].copy() for name, key in scenario["arrays"].items()}
        signal.setitimer(signal.ITIMER_VIRTUAL, PLAY_SECONDS)
        try:
            recorder.afresh()
            play(module, scenario["spec"], inputs, recorder)
        except Hung:
            self.hung += 1
            fault = {"type": "TookTooLong", "message": "still running", "action": recorder.doing}
        except BaseException as error:  # noqa: BLE001
            fault = {"type": type(error).__name__[:80]}  # where it was raised costs more than the run, and is known
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        named, facts, trouble = recorder.result()
        return fault or trouble, named, facts

    def compiled(self, tree):
        return compile(tree, self.file, "exec", dont_inherit=True)

    # ------------------------------------------------------------------------------------------- planning
    def plan(self, tree, probe, *, rich):
        """The edits of whatever ran in the probing scenarios."""
        covered = set()
        self.lines = 1

        def trace(frame, _event, _argument):
            if frame.f_code.co_filename != self.file:
                return None
            covered.add(frame.f_lineno)
            self.lines += 1
            return trace

        module, play = self.module(self.compiled(tree)), self.driver()
        sys.settrace(trace)
        try:
            for number in probe:
                self.play(play, module, number)
        finally:
            sys.settrace(None)
        return edits.Plan(tree, covered, rich=rich)

    # ------------------------------------------------------------------------------------------ searching
    def sift(self, plan, only=None):
        """Each edit in the probing scenarios, those left out that change nothing or break it.

        Of `only` these edits each is played in the other scenarios of the job.
        """
        probe = self.job["edits"]["probe"]
        if only is not None:
            plan.keep(only)
            probe = [n for n in range(len(self.job["edits"]["scenarios"])) if n not in probe]
        code = self.compiled(edits.Build(plan).tree())
        module, play = self.module(code), self.driver()
        asis = [self.play(play, module, number) for number in probe]
        usual = [digest(found) for found in asis]
        for turn, edit in self.in_turn(plan, only):
            if self.hung > MOST_HUNG:
                return
            if only is None and turn % BLOCK == 0:
                yield {"block": turn + BLOCK}, []
            try:
                if edit.static:
                    module = self.module(code, edit.number)
                vars(module)[edits.SWITCH] = edit.number
                for place, number in enumerate(probe):
                    found = self.play(play, module, number)
                    if only is None and (digest(found) == usual[place] or (found[0] and not asis[place][0])):
                        break
                    yield self.header(edit, number, found), found[1]
            except Exception:  # noqa: BLE001, S112 - an edit that cannot even be imported
                continue
            finally:
                if edit.static:
                    module = self.module(code)

    def in_turn(self, plan, only):
        """The edits that are tried, numbered: the smallest first, and fewer where one run is long."""
        if only is not None:
            return [(0, edit) for edit in plan.edits if edit.number in only]
        asked = self.asked(sorted(plan.edits, key=lambda edit: edit.cost)[: self.affordable()])
        return list(enumerate(asked))[self.job["edits"]["after"] :]

    def asked(self, edits):
        """Those of the costs that were asked for."""
        return [e for e in edits if self.job["edits"]["above"] < e.cost <= self.job["edits"]["up_to"]]

    def affordable(self):
        """Return how many edits may be tried."""
        return self.job["edits"]["lines"] // self.lines

    def finished(self, plan):
        """Return whether every edit was tried."""
        small = [e for e in plan.edits if e.cost <= self.job["edits"]["up_to"]]
        return self.hung <= MOST_HUNG and not plan.full() and len(small) <= self.affordable()

    def confirm(self, plan, only):
        """Each of a few edits made for good, in every scenario of the job."""
        for edit in plan.edits:
            if edit.number not in only or self.hung > MOST_HUNG:
                continue
            build = edits.Build(plan, {edit.number})
            tree = build.tree()
            try:
                module, play = self.module(self.compiled(tree)), self.driver()
            except BaseException:  # noqa: BLE001, S112
                continue
            now = changed_lines(plan.tree, tree)
            for number in range(len(self.job["edits"]["scenarios"])):
                if number == self.job["edits"]["watch"]:
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
                    numbers = np.asarray(getattr(part, "data", part) if depth == edits.LAST else part)
                    # An answer is no quantity.
                    numbers = numbers.astype(float) if numbers.dtype != bool else numbers[:0]
                    if numbers.size == 1 and len(noted.setdefault(depth, [])) < MOST_NOTED:
                        noted[depth].append(float(numbers.ravel()[0]))
            return value

        try:
            module = self.module(self.compiled(edits.Build(plan, {edit.number}, edit).tree()), note=note)
            self.play(self.driver(), module, number)
        except Exception:  # noqa: BLE001 - an expression that cannot be watched
            return []
        return [
            (f"noted{depth}" if depth < edits.ELSEWHERE else f"computed{depth}", np.array(values))
            for depth, values in sorted(noted.items())[:MOST_ARRAYS]
            if values
        ]

    def header(self, edit, number, found):
        told = {"edit": edit.number, "scenario": number, "line": edit.line, "end": edit.end, "kind": edit.kind}
        return {**told, "cost": edit.cost, "facts": found[2], "fault": found[0]}


def changed_lines(before, after):
    """The first lines that read otherwise now: for staff."""
    was, now = ast.unparse(before).splitlines(), ast.unparse(after).splitlines()
    start, end = alike(was, now), len(now) - alike(was[::-1], now[::-1])
    return " ⏎ ".join([line.strip() for line in now[start:end]][:3])[:200]


def alike(some, others):
    """Count the first lines that are equal."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))


def digest(found):
    """Equal for two runs that did the same."""
    fault, named, facts = found
    return (fault or {}).get("type"), [(name, array.tobytes()) for name, array in named], sorted(facts.items(), key=str)
