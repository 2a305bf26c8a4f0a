"""Tells where a mistake is that no edit mends: in the few lines that only what is wrong runs.

The field calls this spectrum-based fault localization. Nothing is concluded about marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from autograder.judge.observations import Observations
from autograder.judge.places import heaviest
from autograder.judge.probing import Ask
from autograder.judge.repair import Mending
from autograder.judge.verdict import Verdict
from autograder.model import Assignment, EditTask, Fault, Finding, Place, Scenario

MOST_LINES = 3  # statements, one below the other: more say little about where a mistake is
MOST_OWN = 20  # statements that a subject runs: of more, few enough will not be left
BARE = ("return", "return None")
NOTHING = "This `return` gives nothing back where a value is asked for: the result is None."
ENDS = "A function ends below this line without a `return` of its result: what it gives back is None."
ONLY = "{} is wrong, and nothing that is right runs {}: the mistake is {}, or something is missing beside {}."
WORDS = (("this line", "in it", "it"), ("these lines", "in them", "them"))
NO_OP = "{} is wrong, and this line changes nothing: what it sets is what was there before."
STOPS = "Every experiment on {} that fails ends in this line, and nothing that is right runs it."

Stretch = tuple[int, int]  # the first and the last line of a statement


def lines_alone(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    observations: Observations,
    verdict: Verdict,
    mending: Mending,
    ask: Ask,
    lines: Sequence[str],
) -> tuple[Place, ...]:
    """The places of subjects that are wrong and that no edit mends, where few of their lines are theirs alone.

    A subject that ended in an exception and no longer does, once another one is mended, has its place there.
    """
    by_subject: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        if any(not check.at_most for check in scenario.checks):
            by_subject.setdefault(assignment.subject(scenario), []).append(scenario)
    mended = {one.subject for one in mending.mends}
    right = [s for name in sorted(mending.agreeing - mended) for s in by_subject[name] if _has_numbers(s)]
    rules = {name: theirs for name, theirs in by_subject.items() if any(map(_has_numbers, theirs))}
    found = ((s, list(_failed(verdict, theirs))) for s, theirs in rules.items())
    ended = {name for name, seen in observations.items() if seen.fault is not None}
    goes_on = {name for name, seen in mending.repaired.items() if name in ended and seen.fault is None}
    helped = {name for name, theirs in rules.items() if any(s.id in goes_on for s in theirs)}
    wrong = [(s, failing) for s, failing in found if failing and s not in mending.agreeing | mended | helped]
    faults = {name: seen.fault for name, seen in observations.items() if seen.fault is not None}
    places = (_place(s, failing, faults, right, ask, lines) for s, failing in wrong)
    return tuple({(place.line, place.end_line): place for place in places if place is not None}.values())


def _has_numbers(scenario: Scenario) -> bool:
    """Return whether an experiment says of what is computed that it is right, and not only how it is given back."""
    return any(check.arrays for check in scenario.checks)


def _failed(verdict: Verdict, scenarios: Sequence[Scenario]) -> Iterator[Finding]:
    ids = {scenario.id for scenario in scenarios}
    return (f for f in verdict.findings if f.scenario in ids and f.status != "passed" and not f.check.at_most)


def _place(
    subject: str,
    failing: Sequence[Finding],
    faults: Mapping[str, Fault],
    right: Sequence[Scenario],
    ask: Ask,
    lines: Sequence[str],
) -> Place | None:
    """The place of a subject of which this fails, beside experiments that are right; None where many lines are its."""
    failed = tuple(dict.fromkeys(f.scenario for f in failing))
    ended = [faults[name] for name in failed if name in faults]
    if any(fault.type == "NotImplementedError" for fault in ended):
        return None  # nothing is written yet
    answer = ask(EditTask(failed[:1], running=failed))
    mine = answer.running
    own = frozenset[Stretch]().union(*mine.values())
    if len(mine) < len(failed) or not own or any(not 0 < a <= b <= len(lines) for a, b in own):
        return None
    others = ask(EditTask(failed[:1], running=tuple(s.id for s in right))).running if right else {}
    known = frozenset[Stretch]().union(*others.values())
    texts = {_text(one, lines) for one in known}
    few = own - known if len(own) <= MOST_OWN else frozenset[Stretch]()
    alone, note = sorted(one for one in few if _text(one, lines) not in texts), ""
    if len(ended) == len(failed) and all("None" in fault.message for fault in ended):
        bare = [one for one in frozenset.intersection(*mine.values()) - known if _text(one, lines) in BARE]
        alone, note = (bare, NOTHING) if len(bare) == 1 else (alone, "")
        silent = {answer.silent.get(name, 0) for name in failed}
        here = [one for one in own if silent <= {*range(one[0], one[1] + 1)}]
        alone, note = (here, NOTHING if _text(here[0], lines) in BARE else ENDS) if len(here) == 1 else (alone, note)
    stops = {fault.line for fault in ended} if len(ended) == len(failed) else set[int]()
    if len(stops) == 1 and not note:
        here = [one for one in own - known if one[0] <= min(stops) <= one[1]]
        alone, note = (here, STOPS) if len(here) == 1 else (alone, note)
    if not note and not ended:
        no_op = {answer.no_op.get(name, 0) for name in failed}
        here = [one for one in own if no_op <= {*range(one[0], one[1] + 1)}]
        alone, note = (here, NO_OP) if len(here) == 1 else (alone, note)
    if not 0 < len(alone) <= MOST_LINES or any(_apart(*pair, lines) for pair in pairwise(alone)):
        return None
    first, last = alone[0][0], max(end for _, end in alone)
    source = "\n".join(line.strip() for line in lines[first - 1 : last])
    note = (note or ONLY).format(subject, *WORDS[last > first])
    return Place(first, last, source, heaviest(failing), "statement", note=note, subject=subject)


def _text(stretch: Stretch, lines: Sequence[str]) -> str:
    first, last = stretch
    return " ".join(line.strip() for line in lines[first - 1 : last])


def _apart(one: Stretch, other: Stretch, lines: Sequence[str]) -> bool:
    """Return whether anything but blank lines, comments and `else:` stands between two statements."""
    between = (line.strip() for line in lines[one[1] : other[0] - 1])
    return any(line and not line.startswith("#") and line != "else:" for line in between)
