"""Finds the smallest life that shows a failure: what is told of a life of sixty steps is the three that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from autograder.judge.compare import compare
from autograder.judge.exhibits import find_exhibits
from autograder.judge.observations import Observations, fitting, goldens, with_derived
from autograder.model import Assignment, Exhibit, Scenario

ROUNDS = 3  # batches of variants, each in one run of the sandbox
MOST = 90  # variants in a batch
Play = Callable[[Sequence[Scenario]], Observations]


def shrink_lives(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    exhibits: Sequence[Exhibit],
    conventions: Mapping[str, frozenset[str]],
    play: Play,
) -> tuple[Exhibit, ...]:
    """The exhibits, those of a life with the smallest life that still fails; `play` runs scenarios in the sandbox."""
    lives = {s.id: s for s in scenarios if s.role == "life"}
    shown = {e.scenario: e for e in exhibits}
    open_ = [lives[e.scenario] for e in exhibits if e.scenario in lives]
    for _ in range(ROUNDS):
        tried = {life.id: [replace(v, id=f"{life.id} {n}") for n, v in enumerate(smaller(life))] for life in open_}
        if not any(tried.values()):
            break
        seen = play([variant for variants in tried.values() for variant in variants])
        smallest = [_smallest(assignment, variants, conventions, seen) for variants in tried.values()]
        open_ = []
        for name, found in zip(tried, smallest, strict=True):
            if found is not None:
                open_.append(replace(found[0], id=name))
                shown[name] = replace(found[1], scenario=name, criterion=shown[name].criterion)
    return tuple(shown[e.scenario] for e in exhibits)


def _smallest(
    assignment: Assignment,
    variants: Sequence[Scenario],
    conventions: Mapping[str, frozenset[str]],
    claims: Observations,
) -> tuple[Scenario, Exhibit] | None:
    """The shortest variant that fails, and what it shows."""
    if not variants:
        return None
    golden = goldens(assignment, variants, conventions.get(assignment.subject(variants[0]), frozenset()))
    here = {v.id: fitting(claims[v.id], golden[v.id]) for v in variants if v.id in claims}
    seen = with_derived(assignment, variants, here)
    told = [(v, e) for v in variants for e in _failing(assignment, v, golden, seen)]
    return min(told, key=lambda one: len(one[0].spec["actions"]), default=None)


def _failing(
    assignment: Assignment, variant: Scenario, golden: Observations, seen: Observations
) -> tuple[Exhibit, ...]:
    found = compare(variant, golden[variant.id], seen.get(variant.id), assignment.tolerances)
    wrong = [f for f in found if f.status == "failed" and f.check.relation is None]
    return find_exhibits(assignment, [variant], golden, seen, wrong)


def smaller(life: Scenario) -> Iterator[Scenario]:
    """Lives with fewer actions: beginnings, lives without a stretch of actions, lives with one action of a kind."""
    actions, records = life.spec["actions"], life.spec["records"]
    known = {len(actions): [actions]}
    for shorter in _shorter(actions):
        recorded = [n for n, action in enumerate(shorter, start=1) if action[0] == records]
        kept = shorter[: recorded[-1]] if recorded else []  # what comes after the last record shows nothing
        same = known.setdefault(len(kept), [])
        if kept and kept not in same:
            same.append(kept)
            yield replace(life, spec={**life.spec, "actions": kept})
        if sum(map(len, known.values())) > MOST:
            return


def _shorter(actions: Sequence[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    kinds = list(dict.fromkeys(action[0] for action in actions))
    for kind in kinds:
        first = next(i for i, action in enumerate(actions) if action[0] == kind)
        yield [action for action in actions if action[0] != kind]
        yield [action for i, action in enumerate(actions) if action[0] != kind or i == first]
    stretch = len(actions) // 2
    while stretch:
        for start in range(0, len(actions), stretch):
            yield [*actions[:start], *actions[start + stretch :]]
        stretch //= 2
        if stretch and len(actions) // stretch > MOST // 2:
            break
    yield from (list(actions[:n]) for n in range(1, len(actions)))
