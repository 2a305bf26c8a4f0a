"""Statistics of an assignment from a class's reports: how hard its parts are, and whether they measure one thing.

Each estimate comes with an interval of 95 percent, and with none at all below ten students: so few say more about
themselves than about the question. A criterion is one idea however many experiments decide it, because the
experiments of one optimizer fail together and would make alpha look better than it is.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

LEAST = 10  # students
Z = statistics.NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Interval:
    low: float
    high: float

    def meets(self, other: Interval) -> bool:
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class PartMark:
    """A criterion or a question in one student's report."""

    id: str
    title: str
    slot: str  # where it stands: questions of one slot are drawn from a pool, criteria are their own
    score: float
    max_score: float  # above 0

    @property
    def share(self) -> float:
        return self.score / self.max_score


@dataclass(frozen=True)
class Facts:
    """One part, over all who have it. None: too few have it, or all have the same."""

    id: str
    title: str
    slot: str
    n: int
    facility: float | None  # mean share of its points: 1 = everybody has all
    facility_interval: Interval | None
    discrimination: float | None  # correlation with the rest of the section
    discrimination_interval: Interval | None
    first: float | None = None  # facility in everybody's first submission
    varies: bool = True  # else everybody has the same of it, and it tells nobody from anybody


@dataclass(frozen=True)
class Alpha:
    value: float
    interval: Interval
    n: int
    k: int  # parts


@dataclass(frozen=True)
class SlotFacts:
    """Questions that students have in the same place: each student one of them, with numbers of their own."""

    slot: str
    facts: tuple[Facts, ...]
    uneven: bool  # whether two of them differ by more than chance explains

    @property
    def known(self) -> bool:
        """Return whether there is anything to say about one of them."""
        return any(one.facility is not None for one in self.facts)


Section = Sequence[Sequence[PartMark]]  # the parts of each student, one row for each


# --------------------------------------------------------------------------------------------------------- items
def items(rows: Section, first: Section = ()) -> list[Facts]:
    """Every part of a section in the order of first appearance. `first`: the same students' first submissions."""
    with_rest: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    named: dict[str, PartMark] = {}
    for row in rows:
        for part in row:
            named.setdefault(part.id, part)
            with_rest[part.id].append((part.share, _rest(row, part)))
    at_first: dict[str, list[float]] = defaultdict(list)
    for row in first:
        for part in row:
            at_first[part.id].append(part.share)
    return [_facts(named[id_], pairs, at_first[id_]) for id_, pairs in with_rest.items()]


def places(rows: Section) -> list[list[PartMark]]:
    """The same with all questions of a slot as one part: each student has one of them."""
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        for part in row:
            titles[part.slot].setdefault(part.id, part.title)
    told = {
        slot: f"{slot}: {next(iter(drawn.values())) if len(drawn) == 1 else f'one of {len(drawn)}'}"
        for slot, drawn in titles.items()
    }
    return [[replace(part, id=part.slot, title=told[part.slot]) for part in row] for row in rows]


def _rest(row: Sequence[PartMark], part: PartMark) -> float | None:
    """The share of points of everything else in the row; None when there is nothing else."""
    most = sum(other.max_score for other in row if other is not part)
    return round(sum(other.score for other in row if other is not part) / most, 9) if most else None


def _facts(part: PartMark, pairs: Sequence[tuple[float, float | None]], first: Sequence[float]) -> Facts:
    n = len(pairs)
    if n < LEAST:
        return Facts(part.id, part.title, part.slot, n, None, None, None, None)
    mean = statistics.fmean(share for share, _ in pairs)
    beside = [(share, rest) for share, rest in pairs if rest is not None]
    r = correlation(beside)
    return Facts(
        part.id,
        part.title,
        part.slot,
        n,
        mean,
        wilson(mean, n),
        r,
        None if r is None else fisher(r, len(beside)),
        statistics.fmean(first) if len(first) >= LEAST else None,
        varies=len({share for share, _ in pairs}) > 1,
    )


def pools(facts: Iterable[Facts]) -> list[SlotFacts]:
    """Slots that more than one question can stand in."""
    by_slot: dict[str, list[Facts]] = defaultdict(list)
    for one in facts:
        by_slot[one.slot].append(one)
    return [SlotFacts(slot, tuple(each), _uneven(each)) for slot, each in by_slot.items() if len(each) > 1]


def _uneven(facts: Iterable[Facts]) -> bool:
    known = [one.facility_interval for one in facts if one.facility_interval]
    return any(not one.meets(other) for one, other in combinations(known, 2))


# ---------------------------------------------------------------------------------------------------- one number
def wilson(mean: float, n: int) -> Interval:
    """Wilson's interval of a proportion (1927).

    For shares between 0 and 1 it is on the safe side: none vary more than zeros and ones of the same mean.
    """
    centre = (mean + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(max(0.0, mean * (1 - mean) / n) + Z * Z / (4 * n * n))
    return Interval(max(0.0, min(mean, centre - half)), min(1.0, max(mean, centre + half)))


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's r, which is point-biserial where one side is right or wrong; None where one side never varies."""
    try:
        return max(-1.0, min(1.0, statistics.correlation([x for x, _ in pairs], [y for _, y in pairs])))
    except statistics.StatisticsError:
        return None


def fisher(r: float, n: int) -> Interval | None:
    """Fisher's interval of a correlation; None where all points lie on a line, or n is at most 3."""
    if n <= 3 or abs(r) >= 1 - 1e-12:
        return None
    half = Z / math.sqrt(n - 3)
    return Interval(math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


# --------------------------------------------------------------------------------------------------------- alpha
def alpha(rows: Section) -> Alpha | None:
    """Cronbach's alpha of a section, over the students who have the same slots as most.

    None below ten students or two parts, or when everybody has the same points.
    """
    if not rows:
        return None
    usual, n = Counter(tuple(part.slot for part in row) for row in rows).most_common(1)[0]
    k = len(usual)
    if n < LEAST or k < 2:
        return None
    table = [[part.score for part in row] for row in rows if tuple(part.slot for part in row) == usual]
    total = statistics.variance([math.fsum(row) for row in table])
    if total < 1e-12:
        return None
    value = k / (k - 1) * (1 - math.fsum(statistics.variance(column) for column in zip(*table, strict=True)) / total)
    return Alpha(value, feldt(value, n, k), n, k)


def feldt(value: float, n: int, k: int) -> Interval:
    """Feldt's interval of alpha (Psychometrika 30, 1965): (1 - true) / (1 - found) follows F."""
    degrees = n - 1, (n - 1) * (k - 1)
    return Interval(*(1 - (1 - value) * f_quantile(p, *degrees) for p in (0.975, 0.025)))


def f_quantile(p: float, d1: int, d2: int) -> float:
    """Below which an F variable of these degrees of freedom lies with probability p."""
    low, high = 0.0, 1.0
    for _ in range(50):  # halves; what is left is below rounding
        middle = (low + high) / 2
        if beta_below(middle, d1 / 2, d2 / 2) < p:
            low = middle
        else:
            high = middle
    return d2 * low / (d1 * (1 - low))


def beta_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22) in Lentz's way.

    Our own because SciPy is 35 MB, and mpmath's series gives up from some hundred students on.
    """
    if x > (a + 1) / (a + b + 2):  # where the fraction would converge slowly
        return 1 - beta_below(1 - x, b, a)
    if x <= 0:
        return 0.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d, value = 1.0, 1 / (1 - (a + b) * x / (a + 1)), 1 / (1 - (a + b) * x / (a + 1))
    for m in range(1, 1000):  # about the square root of the larger of a and b is enough
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / (1 + step * d), 1 + step / c
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return math.exp(log_front) * value / a


# ------------------------------------------------------------------------------------------------ misconceptions
@dataclass(frozen=True)
class Seen:
    """A marked submission, with the misconceptions that its report names."""

    made_at: float
    misconceptions: frozenset[str]


@dataclass(frozen=True)
class Held:
    """A student's time with a misconception: from the first submission with it to the first without it for good."""

    id: str
    since: float
    submissions: int | None  # None: the latest one has it still
    seconds: float | None

    @property
    def until(self) -> float:
        return math.inf if self.seconds is None else self.since + max(self.seconds, 0.0)  # a clock may be set back


@dataclass(frozen=True)
class MisconceptionFacts:
    """A class's time with a misconception."""

    id: str
    had: int  # students, ever
    have: int  # in their latest submission
    submissions: float | None  # median of those who lost it; None: nobody did
    seconds: float | None


def held(seen: Sequence[Seen]) -> list[Held]:
    """Every misconception that a student ever had. `seen` is all that is marked of theirs, in order of handing in."""
    found = []
    for name in sorted(frozenset().union(*(one.misconceptions for one in seen))):
        places = [place for place, one in enumerate(seen) if name in one.misconceptions]
        first, gone = places[0], places[-1] + 1
        lost = gone < len(seen)
        found.append(
            Held(
                name,
                seen[first].made_at,
                gone - first if lost else None,
                seen[gone].made_at - seen[first].made_at if lost else None,
            )
        )
    return found


def misconceptions(each: Iterable[Held]) -> list[MisconceptionFacts]:
    """The most frequent first; `each`: of every student."""
    by_name: dict[str, list[Held]] = defaultdict(list)
    for one in each:
        by_name[one.id].append(one)
    return [_course(name, by_name[name]) for name in sorted(by_name, key=lambda n: (-len(by_name[n]), n))]


def _course(name: str, all_: Sequence[Held]) -> MisconceptionFacts:
    lost = [(one.submissions, one.seconds) for one in all_ if one.submissions is not None and one.seconds is not None]
    counts, took = zip(*lost, strict=True) if lost else ((), ())
    return MisconceptionFacts(
        name,
        len(all_),
        len(all_) - len(lost),
        statistics.median(counts) if counts else None,
        statistics.median(took) if took else None,
    )


def holders(each: Sequence[Held], days: Iterable[int]) -> list[int]:
    """Return how many students have a misconception at the end of each day since the epoch, in UTC."""
    changes: Counter[int] = Counter()
    for one in each:
        changes[int(one.since // DAY)] += 1
        if one.seconds is not None:
            changes[int(one.until // DAY)] -= 1
    return [sum(change for at, change in changes.items() if at <= day) for day in days]


# --------------------------------------------------------------------------------------------- pictures of the class
@dataclass(frozen=True)
class Spread:
    """The points of a class in one row: how many have none of them, some, all."""

    id: str
    title: str
    none: int
    some: int
    full: int

    @property
    def students(self) -> int:
        return self.none + self.some + self.full

    @property
    def alike(self) -> str:
        """Return what everyone has, in words, where everyone has the same end of the scale; else ""."""
        if self.students and self.none == self.students:
            return "everyone scored 0 %"
        return "everyone scored 100 %" if self.students and self.full == self.students else ""


def spreads(rows: Section) -> list[Spread]:
    """Return the spread of each part, in the order in which parts first occur; counts need no least number."""
    found: dict[str, Spread] = {}
    for row in rows:
        for part in row:
            had = found.get(part.id, Spread(part.id, part.title, 0, 0, 0))
            way = "none" if part.score <= 0 else "full" if part.score >= part.max_score else "some"
            found[part.id] = replace(had, **{way: getattr(had, way) + 1})
    return list(found.values())


DAY = 86_400.0  # seconds
BINS = 10  # of the distribution of marks
MOST_DAYS = 60  # of the picture of hand-ins; of a longer time the newest


def distribution(shares: Sequence[float]) -> list[tuple[str, int]]:
    """Return how many students have 0 to 10 %, 10 to 20 %, … of the points; full marks are in the last."""
    counts = [0] * BINS
    for share in shares:
        counts[min(max(int(share * BINS), 0), BINS - 1)] += 1
    return [(f"{100 * n // BINS}\N{EN DASH}{100 * (n + 1) // BINS} %", count) for n, count in enumerate(counts)]


def by_day(counts: Mapping[int, int]) -> list[tuple[int, int]]:
    """(day since the epoch, hand-ins) of each day from the first to the last, also of those without any."""
    if not counts:
        return []
    last = max(counts)
    first = max(min(counts), last - MOST_DAYS + 1)
    return [(day, counts.get(day, 0)) for day in range(first, last + 1)]
