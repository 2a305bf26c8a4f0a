"""The nouns: frozen values that every other module speaks in. Verbs live elsewhere.

Read from top to bottom this is the life of one submission: what is asked, what was handed in, what the
code did, where that parts from the golden answer, and the report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Fact = bool | int | float | str | None

IN_A_GUEST = "gradmark_"  # begins the names that our own modules have in a guest
Json = Mapping[str, Any]
Kind = Literal["number", "integer", "boolean"]  # of the numbers in an array


# ---------------------------------------------------------------------------------------------- what is asked
@dataclass(frozen=True)
class Criterion:
    """A rubric row."""

    id: str
    title: str
    points: float
    about: str = ""  # one sentence for students: what this row is about
    suffers: bool = False  # may lose together with any other row: what any mistake harms, such as learning
    conduct: bool = False  # about how the code behaves as a program (arguments, arrays, state), not about its rule


@dataclass(frozen=True)
class Check:
    """One thing a scenario can show, and the rubric row it is evidence for.

    A check reads recorded arrays (`arrays`, compared with the golden ones), or one recorded fact (`fact`,
    equal to the golden one), or two recorded arrays that must agree with each other (`relation`, which
    needs no golden answer: it compares two runs of the same code).
    """

    id: str
    criterion: str
    weight: float = 1.0
    arrays: tuple[str, ...] = ()
    fact: str = ""
    relation: tuple[str, str] | None = None
    controls: tuple[str, ...] = ()  # runs from which the relation's first one must part: else it shows nothing
    # (a run, the one that it must agree with, another one): who makes the wrong one agree made numbers up.
    decoys: tuple[tuple[str, str, str], ...] = ()
    requires: tuple[str, ...] = ()  # facts that must be as expected before this check can pass
    needs: str = ""  # a subject: the check can pass only when that one is responsive (see judge/circumstances.py)
    isolates: bool = False  # decides even when something else under test is wrong; relations always do
    at_most: bool = False  # only the last row counts, and it may be better than the golden one
    tolerance: str = "default"  # key into Assignment.tolerances
    message: str = ""  # second person, shown when it fails; "" = the comparison speaks for itself
    tolerates: tuple[Fact, ...] = ()  # other values of the fact, which are no mistake
    remark: str = ""  # second person, told where it has one of these


@dataclass(frozen=True, eq=False)
class Scenario:
    """Inputs for one experiment. `spec` (plain JSON) and `arrays` are all that the guest is told.

    Two are the same when they are one object, so that what was worked out for one is remembered by it.
    """

    id: str
    title: str  # a sentence that students read
    group: str  # what is under test, e.g. a class name: hanging twice in a group ends the group
    spec: Json
    arrays: Mapping[str, Array]
    checks: tuple[Check, ...]
    beyond_rule: bool = False  # what is no rule may spoil it: missing gradients, other dtypes, other iterables
    without: frozenset[str] = frozenset()  # rubric rows about parts of the rule that are switched off in it
    # "response": its runs show whether a rule is at work at all. "life": the actions in its spec are played one after
    # the other, any of them may be left out, and spec "records" names the kind of those after which rows are recorded.
    role: Literal["", "response", "life"] = ""
    axis: str = "step"  # what a row of its arrays is: "step" and "epoch" move; "call", "batch", "element", … do not


@dataclass(frozen=True)
class Tolerance:
    """The largest error allowed: `relative` times the largest absolute value of the golden array."""

    relative: float
    reason: str


@dataclass(frozen=True)
class Convention:
    """A choice that right answers make differently: full marks either way, and a remark that names it."""

    id: str
    group: str  # whose choice it is
    remark: str  # "" = nothing to say: it shows only beside a mistake
    beside: frozenset[str] = frozenset()  # the switches beside whose mistakes it shows, where it does not show alone


@dataclass(frozen=True)
class Unknown:
    """A number that a student invented: solved for between two bounds, and told in the hint where `{n}` stands."""

    low: float
    high: float
    usual: float  # the likeliest: tried first, and planted by the proof
    whole: bool = False  # a whole number: each is tried


@dataclass(frozen=True)
class Misconception:
    """A wrong belief that a student could hold.

    Either `changes` say where the update rule differs (options of the assignment's family, for the groups named),
    or `facts` say what is observed ("scenario-id:fact" -> value) when the mistake is not in an update rule.
    """

    id: str
    title: str  # in the field's words
    criterion: str
    hint: str  # one or two sentences in the second person that make the reader see it; never the line of code
    reason: str  # where the belief comes from
    groups: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    unknown: Unknown | None = None  # the number in `changes`, where there is one
    facts: Mapping[str, Fact] = field(default_factory=dict)
    try_this: str = ""
    cost: float = 1.0  # fraction of its criterion
    common: bool = False  # often seen: tried in combinations of three too
    implies: tuple[str, ...] = ()  # "scenario-id:check" that fails as a consequence, though no rule predicts it
    inherited: tuple[str, ...] = ()  # of its groups: claimed there only beside another group, whose code these use
    elsewhere: tuple[str, ...] = ()  # rows of other mistakes that behave in the same way: the line tells them apart
    halfway: Mapping[str, str] = field(default_factory=dict)  # a rule between this one and the right one
    exact: bool = False  # says one number: where it leaves anything open, it is another one

    def shows_in(self, scenario: str) -> bool:
        """Return whether the numbers of that scenario may show it: of a rule all do, else those of its facts."""
        return bool(self.changes) or scenario in {key.partition(":")[0] for key in (*self.facts, *self.implies)}


@dataclass(frozen=True)
class Limits:
    """Limits for one submission. The wall clock starts when the guest says that it is ready."""

    wall_seconds: float
    cpu_seconds: int
    scenario_seconds: float
    memory_bytes: int
    processes: int
    open_files: int
    file_bytes: int
    output_bytes: int
    log_bytes: int
    boot_seconds: float


@dataclass(frozen=True)
class RuleQuantity:
    """A quantity that a right rule computes in each step, and the rubric row that it is about."""

    criterion: str
    values: Array  # (T,)
    passing: bool = False  # the row's part has gone into it, and other rows' parts go on with it


@dataclass(frozen=True)
class Hypotheses:
    """Many suppositions about one subject's rule: each turns what some of the `parts` turn, all at once.

    `groups` (H, n) holds indices of parts, which turn different switches; `numbers` (H, n) what a part's unknown is
    taken to be, NaN where it has none.
    """

    parts: Sequence[Mapping[str, str]]  # switch -> option
    groups: NDArray[np.int_]
    numbers: Array

    @classmethod
    def of(cls, changes: Sequence[Mapping[str, str]], numbers: Sequence[float] | None = None) -> Hypotheses:
        """One hypothesis for each set of changes, with its number."""
        told = [np.nan] * len(changes) if numbers is None else numbers
        return cls(changes, np.arange(len(changes))[:, None], np.array(told, dtype=float).reshape(-1, 1))

    def __len__(self) -> int:
        return len(self.groups)

    def take(self, rows: NDArray[np.int_] | NDArray[np.bool_] | slice) -> Hypotheses:
        """Some of them, with the parts that these need."""
        groups = self.groups[rows]
        used, places = np.unique(groups, return_inverse=True)
        return Hypotheses([self.parts[i] for i in used.tolist()], places.reshape(groups.shape), self.numbers[rows])

    def each(self) -> list[dict[str, str]]:
        """All that each one turns."""
        return [{s: o for i in row for s, o in self.parts[i].items()} for row in self.groups.tolist()]


Predict = Callable[
    [str, Sequence[Scenario], Hypotheses, frozenset[str]], list[dict[str, Array]]
]  # (subject, scenarios, hypotheses, conventions) -> for each scenario, arrays with one row per hypothesis


@dataclass(frozen=True)
class Assignment:
    """Everything that is asked, as data and plain functions; found by its folder's name (assignment.py loads it)."""

    id: str
    title: str
    folder: Path
    digest: str
    main: str  # the file students hand in, e.g. "optimizers.py"
    module: str  # the name it is imported by inside the sandbox
    sources: Mapping[str, str]  # other modules that the guest is given: the driver and provided packages
    files: Mapping[str, Path]  # the file of each of these modules, by the name that it is imported by
    driver: str
    quantity: str  # what the recorded numbers are, in the words of a report: "θ", "learning rate"
    criteria: tuple[Criterion, ...]
    tolerances: Mapping[str, Tolerance]
    conventions: tuple[Convention, ...]
    misconceptions: tuple[Misconception, ...]
    samples: Mapping[str, Path]
    model_solution: Path
    template: Path
    hands: tuple[Path, ...]  # right solutions written by others: all must get full marks
    scenarios: Callable[[int], tuple[Scenario, ...]]
    golden: Callable[[Sequence[Scenario], frozenset[str]], Mapping[str, Observation]]
    derive: Callable[[Scenario, Mapping[str, Array]], Mapping[str, Array]]
    subject: Callable[[Scenario], str]  # whose rule moves the parameters in a scenario; its group if none does
    predict: Predict
    gates: Mapping[str, str]  # where a mistake may be made and elsewhere not: gate of the family -> in words
    explain: Callable[[Scenario, Observation, Observation], tuple[Sequence[str], str]]
    charts: Callable[[Sequence[Scenario], Mapping[str, Observation], Mapping[str, Observation]], tuple[Chart, ...]]
    plant: Callable[[str, str], str]  # (model solution's source, misconception id) -> the source with that mistake
    rewrite: (
        Callable[[str, int], str] | None
    )  # (misconception id, turn) -> another hand's file with it; KeyError = none
    oracle: Callable[[], Sequence[tuple[str, float]]]  # relative distance of the reference from somebody else's
    quiz: Callable[[int], tuple[Item, ...]]  # the quiz of a variant, () when the assignment has none
    key_again: Callable[[Item], float | None]  # the key of a question computed from its words alone; None: it cannot
    quiz_seed: int  # the variant that students without a roster entry get
    handout: Callable[[int], str]  # what is asked, in Markdown for students, its example drawn from a seed
    figures: Callable[[int], tuple[Chart, ...]]  # that the handout names: `![in words](figure:its-id)`
    quiz_counts: bool | None  # whether the quiz is part of the marks; None: where an edition or a course says so
    provided: Path | None = None  # the package that a stage of a course gives in place of the assignment's own
    # (subject) -> an experiment in which to watch a program, and what a right one computes in it
    quantities: Callable[[str], tuple[Scenario, tuple[RuleQuantity, ...]] | None] = lambda _subject: None
    check_where: bool = False  # whether check.py --where looks for the lines of mistakes


# ------------------------------------------------------------------------------------------ what was handed in
@dataclass(frozen=True)
class Submission:
    """The files of one student, already read: their paths are not touched again.

    `problem` says, in the second person, why nothing here can be marked ("" when something can).
    """

    path: str
    files: Mapping[str, bytes]
    digest: str
    problem: str = ""
    remarks: tuple[str, ...] = ()
    student: str = ""  # who handed it in, where that is known: their quiz is their own variant, whatever it says
    refused: Mapping[str, str] = field(default_factory=dict)  # a file beside the code that cannot be read -> why
    cells: tuple[tuple[int, int], ...] = ()  # of a notebook: (line of the code above a cell's first one, the cell)


# -------------------------------------------------------------------------------------------- what the code did
@dataclass(frozen=True)
class Fault:
    """An exception that the submission raised, as the guest told it."""

    type: str
    message: str
    line: int = 0  # in the submission; 0 = not there
    source: str = ""  # that line
    action: str = ""  # what the driver was doing
    origin: str = ""  # module of the innermost frame that is the submission's or the assignment's
    origin_line: int = 0  # there


@dataclass(frozen=True)
class Observation:
    """The recorded behaviour of a submission in one scenario: claims, checked for shape and finiteness on use.

    golden() may give arrays of whole numbers and of truth values: those are compared as such. Everywhere else arrays
    are float64, and `kinds` has what those that were not decimal numbers were.
    """

    scenario: str
    arrays: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    fault: Fault | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    unfit: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # shapes of arrays that cannot be compared


@dataclass(frozen=True)
class EditTask:
    """The request of a search for a mistake's line: edits made for good, and those to try after them."""

    probe: tuple[str, ...]  # scenarios whose code is edited: what ran in them
    chain: tuple[Mapping[str, Any], ...] = ()  # edits already made: {"probe": [scenario ids], "rich": …, "number": …}
    rich: bool = False  # whether the grammar of insertions is used
    only: tuple[int, ...] | None = None  # these edits, in the scenarios `played`; None = all, in the probing ones
    played: tuple[str, ...] = ()
    watch: str = ""  # the scenario in which values are noted, if any: those at the edit, and all that is computed
    switched: bool = False  # `only` behind one switch: many edits at little cost, without the text of each
    lines: int = 3_000_000  # of the submission, run by all edits together: where one run is long, fewer edits are tried
    above: float = 0.0  # the costs of the edits: more than this,
    up_to: float = 100.0  # and no more than this
    after: int = 0  # the edits up to this number were tried before: one of them brought Python down
    like: tuple[tuple[int, tuple[int, ...]], ...] = ()  # only those that change the same as these: a place in `chain`,
    # and edits that were tried for its step
    until: tuple[str, int] | None = None  # only the first so many rows of this array, and what was recorded by then
    running: tuple[str, ...] = ()  # nothing is edited: the statements that run in each of these scenarios are asked for


@dataclass(frozen=True)
class Trial:
    """The behaviour of one edit of the submission in one scenario: a claim like any observation."""

    edit: int
    line: int
    end_line: int
    kind: str
    cost: float  # how large an edit it is
    now: str  # the edited lines, where they were asked for
    observation: Observation


@dataclass(frozen=True)
class Glance:
    """The first rows that some edits of the submission brought about: a claim like any observation."""

    edits: tuple[int, ...]
    arrays: Mapping[str, Array]  # each (edits, rows, …)


@dataclass(frozen=True)
class EditAnswer:
    """The claims about the edits of one task, and whether all of them were tried."""

    trials: tuple[Trial, ...] = ()
    glances: tuple[Glance, ...] = ()
    running: Mapping[str, frozenset[tuple[int, int]]] = field(default_factory=dict)  # lines of statements, by scenario
    silent: Mapping[str, int] = field(default_factory=dict)  # the line after which None came back last; 0 = none
    # the line of the only statement that changes nothing; 0 = none, or several
    no_op: Mapping[str, int] = field(default_factory=dict)
    done: bool = True
    trouble: str = ""  # why the search itself failed, if it did: for staff


EndReason = Literal["finished", "time", "cpu", "memory", "output", "crashed", "exited", "protocol"]


@dataclass(frozen=True)
class Run:
    """The output of a sandbox: bytes, unread."""

    output: bytes
    log: bytes  # what the code printed, capped: for staff only
    end: EndReason
    detail: str  # "SIGSEGV", "exit status 3", …
    seconds: float


@dataclass(frozen=True)
class LeftOut:
    """A top-level statement of the submission that failed and was left out: a trial, or a missing import."""

    line: int  # in the submission
    type: str  # of the exception; "" = not started, because an earlier trial used up the time
    message: str
    is_import: bool


@dataclass(frozen=True)
class Conduct:
    """The course of a whole run: whether the file could be imported, and how the process ended."""

    imported: bool
    import_fault: Fault | None
    end: EndReason
    detail: str
    left_out: tuple[LeftOut, ...] = ()


# ---------------------------------------------------------------------------------------------------- the quiz
@dataclass(frozen=True)
class Wrong:
    """A wrong answer that has a reason: computed from a misconception, never typed."""

    value: float | str  # in the key's unit; an expression for formulas
    hint: str


@dataclass(frozen=True)
class NumericKey:
    """A number with a unit; right to so many significant figures."""

    value: float
    unit: str  # as autograder.reading.units spells it: "GiB", "GB", "" for a pure number
    figures: int
    wrong: tuple[Wrong, ...] = ()


@dataclass(frozen=True)
class Option:
    id: str  # "a", "b", …; for a line of code its number
    text: str
    right: bool
    hint: str = ""  # why it is wrong, or why it is right


@dataclass(frozen=True)
class ChoiceKey:
    """One right option, or several with partial credit: right ones taken, less wrong ones taken, never below 0."""

    options: tuple[Option, ...]
    several: bool = False


@dataclass(frozen=True)
class OrderKey:
    """Entries by id in the order shown, and their ids in the right order; credit by pairs in the right order."""

    entries: Mapping[str, str]
    order: tuple[str, ...]
    before: tuple[tuple[str, str], ...] = ()  # where several orders are right: which id must come before which


@dataclass(frozen=True)
class MatrixKey:
    """For each row one column; credit by row."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    right: Mapping[str, str]
    hints: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (row, wrong column) -> hint


@dataclass(frozen=True)
class FormulaKey:
    """An expression in the named symbols; any equivalent form is right."""

    expression: str
    symbols: Mapping[str, str]  # name -> what it stands for
    wrong: tuple[Wrong, ...] = ()


@dataclass(frozen=True)
class TextKey:
    """Free text goes to a person, with a rubric; nothing scores it."""

    rubric: tuple[tuple[float, str], ...]  # points, for what
    sample: str


Key = NumericKey | ChoiceKey | OrderKey | MatrixKey | FormulaKey | TextKey
ItemKind = Literal["numeric", "prediction", "choice", "multiple", "line", "ordering", "matrix", "formula", "text"]


@dataclass(frozen=True)
class Follow:
    """Marks for an answer that is right given the student's own earlier answer."""

    item: str  # the earlier item, a numeric one
    compute: Callable[[float], float]  # its answer in its key's unit -> the answer expected here, in this key's unit
    fraction: float  # of the points


@dataclass(frozen=True)
class Item:
    """One quiz question, drawn from a seed: prompt, key and distractors are computed, never typed."""

    id: str
    kind: ItemKind
    idea: str  # "memory", "convergence", "bias correction", …: what it is about, for item analysis
    title: str
    prompt: str  # plain text; `code` in backticks, blank lines between paragraphs, ``` around blocks of code
    points: float
    key: Key
    solution: str  # why the answer is the answer, shown with the key
    follow: Follow | None = None


# ------------------------------------------------------------------------------------------------- the verdict
@dataclass(frozen=True)
class Difference:
    """The first place where two arrays part. `step` counts recorded rows from 0 (the start)."""

    array: str
    step: int
    index: tuple[int, ...]
    expected: float
    found: float


@dataclass(frozen=True)
class Finding:
    """One check, judged."""

    scenario: str
    check: Check
    status: Literal["passed", "failed", "not_run"]
    message: str = ""
    difference: Difference | None = None
    error: float = 0.0  # in units of the tolerance; passing is <= 1
    misfit: str = ""  # in the message: why the result cannot be right whatever its numbers are (shape, length, kind)


@dataclass(frozen=True)
class Diagnosis:
    """A misconception that reproduces what was observed."""

    misconception: str
    criterion: str
    title: str
    hint: str
    try_this: str = ""
    group: str = ""
    cost: float = 1.0  # fraction of the criterion it costs


@dataclass(frozen=True)
class Place:
    """A stretch of the student's own source whose smallest change makes everything about a class agree."""

    line: int  # from 1, in the file as it was handed in; of a notebook, in its cell
    end_line: int
    source: str  # these lines as they were handed in, without their indentation
    criterion: str
    kind: str  # what differs there: "operand", "operator", "constant", "name", "statement", "condition", …
    edit: str = ""  # the line as it agrees: for staff, never for students
    cell: int | None = None  # of a notebook, among its code cells, from 1
    note: str = ""  # what is known, in the second person
    subject: str = ""  # the class that agrees with the change; a diagnosis of it has this as its group


Status = Literal["passed", "partial", "failed", "not_run"]


@dataclass(frozen=True)
class CriterionMark:
    id: str
    title: str
    score: float
    max_score: float
    status: Status
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Awaited:
    """A free answer that only a person can mark."""

    answer: str
    points: float  # what it can get at most


ItemStatus = Literal[
    "right",
    "partial",
    "follow_through",
    "wrong",
    "empty",
    "unreadable",  # could not be read; the message says why
    "waiting",  # for a person
    "grader_error",  # our fault: counted neither as earned nor as missed, and marked by the next regrade
]


@dataclass(frozen=True)
class ItemDetail:
    """A question with its answers, in words: for staff, and for its student once nothing more is taken."""

    prompt: str
    answer: str  # as the student gave it; "" for none
    right: str
    why: str


@dataclass(frozen=True)
class ItemMark:
    id: str
    score: float
    max_score: float
    status: ItemStatus
    message: str
    title: str = ""
    for_staff: str = ""  # a free answer and its rubric: for the person who marks it, never for students
    awaited: Awaited | None = None  # with status "waiting": what that person marks
    detail: ItemDetail | None = None  # has the key in it


QUIZ_FILE = "quiz.toml"  # in a submission: the answers
WHOLE_QUIZ = "quiz"  # the id of the one row of a quiz that was not handed in or cannot be marked

Role = Literal["golden", "yours", "context"]


@dataclass(frozen=True)
class Series:
    """One line of a chart; `role` decides its look: the golden run, the student's, or context."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    role: Role


@dataclass(frozen=True)
class Surface:
    """Heights for a contour plot: z[j, i] belongs to (x[i], y[j])."""

    x: Array
    y: Array
    z: Array
    minimum: tuple[float, float] | None = None  # where it is lowest, if that is known


@dataclass(frozen=True)
class Chart:
    """A picture as data; render/pictures.py draws it. With a surface it is a contour plot with paths on it."""

    id: str
    title: str
    caption: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    log_y: bool = False
    surface: Surface | None = None
    band: float = 0.0  # y up to which a difference is rounding; 0 = there is no such y
    mark: float | None = None  # the x of the first step that differs
    group: str = ""  # pictures of one group stand together under this name
    open: bool = True  # its group is open: a mistake shows in it


@dataclass(frozen=True)
class Exhibit:
    """The smallest failing scenario, told with its numbers: what students check by hand."""

    scenario: str
    title: str
    criterion: str
    setup: tuple[str, ...]  # "θ₀ = 1", "lr = 0.1", …
    rows: tuple[tuple[str, str, str, str], ...]  # which row, expected, found, ratio
    comment: str = ""
    axis: str = "step"  # what a row is, as in its Scenario
    place: str = ""  # which number of each row is shown, where a row has several: "[1, 0]"


ReportStatus = Literal["graded", "not_gradable", "grader_error"]


@dataclass(frozen=True)
class Report:
    assignment: str
    assignment_digest: str
    seed: int
    path: str
    digest: str
    status: ReportStatus
    message: str
    criteria: tuple[CriterionMark, ...]
    diagnoses: tuple[Diagnosis, ...] = ()
    places: tuple[Place, ...] = ()  # most likely first
    remarks: tuple[str, ...] = ()
    quiz: tuple[ItemMark, ...] = ()
    quiz_counts: bool = False  # whether score and maximum hold the quiz; it never depends on what was handed in
    quiz_points: float = 0.0  # what the quiz is out of; 0 where it neither counts nor was handed in
    exhibits: tuple[Exhibit, ...] = ()
    charts: tuple[Chart, ...] = ()
    seconds: float = 0.0
    sandbox: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    log: str = ""  # what the code printed: staff only
    known_as: tuple[str, ...] = ()  # ids and names of who handed it in, where they are known: the surest first

    @property
    def score(self) -> float:
        return sum(c.score for c in self.criteria) + sum(i.score for i in self.quiz if self.quiz_counts)

    @property
    def max_score(self) -> float:
        return sum(c.max_score for c in self.criteria) + self.quiz_points * self.quiz_counts


__all__ = [name for name in dir() if name[0].isupper()]
