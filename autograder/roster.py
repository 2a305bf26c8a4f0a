"""Reads rosters: the one reader of lists of people, as learning platforms and spreadsheets write them.

Separators `,` `;` tab `|`, Excel's `sep=` line, UTF-8 with or without its mark, UTF-16 (Blackboard's download), and
other code pages (`legible`). Columns are known by their titles (`columns`). Every id that a file has is kept,
and a person is found by any of them.
Ids that a spreadsheet damaged are refused with their line: a wrong id is another person, and another quiz.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder import legible
from autograder.columns import IDS, is_canvas, places, plain

MAX_BYTES = 5_000_000  # 50 000 people with long names
MAX_WORDS = 12  # of one file name that are looked at
MAX_ID = 100  # characters: as quiz.toml allows
_SEPARATORS = ",;\t|"
MAX_HEAD = 20_000  # characters in which the line of column names is looked for
HEADER_LINES = 20  # the line of column names is among these: some exports begin with titles
FORMULA = tuple("=+-@＝＋－＠")  # how a formula starts, in East Asia with the wide signs too

_STAFF = re.compile(
    r"(?i)\b(?:(?:non.?editing )?teacher|instructor|professor|lecturer|(?:kurs)?tutor|trainer|ta\b|"
    r"teaching assistant|grader|designer|manager|observer|staff|(?:kurs)?admin|(?:kurs)?betreuer|dozent|lehrende|"
    r"enseignant|profesor|docente|guest|gast)"
)
_STUDENT = re.compile(r"(?i)student|studier|learner|teilnehm|etudiant|estudiante|alumno|participant")
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
PLACEHOLDERS = {
    "points possible", "test student", "student test", "demo student", "teststudent", "test user", "etudiant test",
    "etudiant de test", "estudiante de prueba", "punkte moglich", "points possibles",
}  # fmt: skip
_MONTH = "(?:Jan|Feb|Mar|Mrz|Mär|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)"
_MONTHS_BELOW = (  # of dates in French, Italian, Spanish, Dutch and Portuguese, which are written small
    "(?:janv?|gen|ene|févr?|fev|feb|mars?|mrt|avr|apr|abr|ma[iyjg]|mei|juin|giu|jun|juil|lug|jul|août|aug|ago|"
    "sept?|set|o[ck]t|ott|out|nov|d[ée]c|di[cz]|dez)"
)
_DAMAGED = re.compile(
    r"\d(?:[.,]\d+)?[Ee]\+?\d+\Z|\d+[.,]0+\Z|#?[¡¿]?(?:[A-ZÀ-Þ]{2,10}|DIV/0)[!?]\Z|#?N/[A-Z]\Z|#NV\Z|#?Err:\d{3}\Z|"
    rf"#{{2,}}\Z|\d{{1,2}}(?:-|\. ?){_MONTH}\Z|{_MONTH}-\d\d\Z|\d\d?-{_MONTHS_BELOW}\.?\Z|\d{{1,3}}(?:,\d{{3}})+\Z|"
    "(?:TRUE|FALSE|WAHR|FALSCH|VRAI|FAUX|WAAR|ONWAAR|VERDADE(?:IR|R)O|VERO|FALSO|SANT|FALSKT|PRAWDA|FAŁSZ)\\Z"
)  # 1.23E+11, 4711.0, errors of a formula, a column that was too narrow, `3-1` or `mar01` as a date, 1,234,567
_GROUPED = re.compile(r"\d{1,3}(?:[. '’\u00a0\u202f]\d{3})+")  # 1.230.017, which is 1230017 elsewhere
_DATE = re.compile(
    r"(?:[0-3]?\d[/.-][0-3]?\d[/.-](?:19|20)\d\d|(?:19|20)\d\d[/-][01]?\d[/-][0-3]?\d)(?: 0?0:00(?::00)?)?"
)
_SUMMARY = re.compile(  # of the rows that spreadsheets and offices put before or below a list
    r"(?:grand |class |course )?(?:totals?|sum|summe|gesamt|gesamtzahl|insgesamt|anzahl|count|average|mean|median|"
    r"moyenne|durchschnitt|mittelwert|promedio|points|max points|maximum|date|due date|end of (?:list|file|report)|"
    r"(?:number|no) of)(?: (?:of|students|records|rows|studierende|\d+))*"
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
_NUMBERED = re.compile(r"([^\W\d_][^\d_]{4,}?)\s?(\d+)")  # Participant 1234, Teilnehmer/in1234
_CODE_PAGES = {
    "cp1252": "Windows-1252", "cp1250": "Windows-1250", "cp850": "DOS code page 850", "cp852": "DOS code page 852",
    "mac_roman": "Mac Roman", "iso8859_2": "ISO 8859-2", "cp1254": "Windows-1254", "cp1251": "Windows-1251",
    "cp1253": "Windows-1253", "koi8_r": "KOI8-R", "gb18030": "GB 18030", "big5": "Big5", "cp932": "Shift JIS",
    "euc_kr": "EUC-KR",
}  # fmt: skip
_ADDRESS = re.compile(
    r"[^\s<>;,()\"|]+@[^\s<>;,()\"|]+"
)  # each of `ada@u.edu; ada@home.org`, that of `Ada <ada@u.edu>`
_UNSEEN = r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
_AS_IT_IS = "Write it as your institution does; one that is right as it is gets an apostrophe in front"
LEAST_WIDTH, LEAST_ALIKE = 5, 3  # digits and people from which one width of all ids is no accident


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet may run the cell of a table; spaces before it do not hinder all of them."""
    return cell.lstrip().startswith(FORMULA) or cell.startswith(("\t", "\r", "\n"))


class BadRoster(Exception):
    """The roster cannot be used; the message says which line and what to do, to staff."""


@dataclass(frozen=True)
class Person:
    """One line of a roster."""

    id: str  # what the institution calls them by; it decides the variant of the quiz
    name: str = ""  # first name first
    email: str = ""  # lower case
    section: str = ""
    group: str = ""  # who hands in together
    first: str = ""
    last: str = ""
    login: str = ""
    platform_id: str = ""
    ids: tuple[str, ...] = ()  # every id of the line, `id` among them
    line: int = 0
    row: int = 0  # among the rows of the table
    more_rows: tuple[int, ...] = ()  # in an export with a row for each section
    role: str = ""
    confirmed: bool = False  # an apostrophe says that the id is right as it stands


@dataclass(frozen=True)
class RosterTable:
    """The file as it is: what a gradebook writes again with marks in it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Roster:
    people: tuple[Person, ...]
    table: RosterTable
    remarks: tuple[str, ...] = ()  # what staff should know: encoding, rows that are no students
    _known: Mapping[str, tuple[Person, ...]] = field(default_factory=dict, repr=False, compare=False)

    def find(self, keys: Iterable[str]) -> tuple[Person, ...]:
        """The people whom the first of the keys that is anybody's belongs to: none, one, or several that share it."""
        for key in keys:
            if found := self._known.get(folded(key)) or self._known.get(letters(key)) or self._known.get(bare(key)):
                return found
        return ()


def read(path: Path) -> Roster:
    """The roster in a file.

    Raises:
        BadRoster: no table, no column with ids, or an id that is missing, damaged, or somebody else's too.
        OSError: unreadable.
    """
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise BadRoster(f"{path.name} is larger than {MAX_BYTES // 10**6} MB: is it the roster?")
    if data.startswith(_WORKBOOKS) or re.match(rb"\s*<(?:!doctype|html|table|\?xml)", data[:500], re.IGNORECASE):
        raise BadRoster(f"{path.name} is no CSV file but a workbook or a page. Open it and save it as CSV (UTF-8).")
    text, encoding = decoded(data)
    return parse(text, path.name, encoding)


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file, and its encoding: of what is neither UTF-8 nor UTF-16, the likeliest code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "utf-16"
    for start, order in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[start:200:2].count(0) > len(data[start:200:2]) // 2:
            return data.decode(order, "replace"), "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", "replace"), "utf-8-sig"
    return legible.decoded(data, legible.TABLES + legible.WORLD, _known_columns)


def _known_columns(text: str) -> int:
    """Return how many kinds of columns the best line of a text names."""
    lines = [line for line in text[:MAX_HEAD].splitlines() if line.strip()][:HEADER_LINES]
    return max((len(places(_cells(line, sign))) for line in lines for sign in _SEPARATORS), default=0)


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line, without what quotes them."""
    return [cell.strip(" \"'") for cell in line.split(separator)]


def parse(text: str, name: str = "the roster", encoding: str = "utf-8") -> Roster:
    """The roster in a text.

    Raises:
        BadRoster: as `read`.
    """
    found = people_in(text, name, encoding)
    for line, problem in problems(found.people):
        raise BadRoster(f"Line {line} of {name}: {problem}")
    return found


def people_in(text: str, name: str = "the roster", encoding: str = "utf-8") -> Roster:
    """The roster in a text, its ids unchecked: for whoever shows all `problems` at once.

    Raises:
        BadRoster: no table, no column with ids, or nobody in it.
    """
    table, lines = _table(text, name, encoding)
    columns = places(table.header)
    if not any(kind in columns for kind in IDS):
        shown = ", ".join(f"“{_shown(cell)}”" for cell in table.header[:8]) or "nothing"
        raise BadRoster(
            f"{name} has no column of ids. Its line of column names has: {shown}. Call one “id”: it is what your "
            "institution calls a student by, and it decides the variant of the quiz."
        )
    canvas = is_canvas(table.header)
    people: list[Person] = []
    skipped: list[str] = []
    for number, (line, cells) in enumerate(zip(lines, table.rows, strict=True)):
        if any(cells[len(table.header) :]):
            raise BadRoster(
                f"Line {line} of {name} has {len(cells)} cells, the header {len(table.header)}. "
                "Put quotation marks around commas."
            )
        person = _person(columns, cells, canvas=canvas, line=line, row=number)
        if cells == table.header:  # again, at the top of a page
            skipped.append(f"line {line} (the column names again)")
        elif _is_nobody(person, canvas=canvas):
            skipped.append(f"line {line} (“{_shown(person.name) or 'no name'}”)")
        else:
            people.append(person)
    if not people:
        raise BadRoster(f"{name} has a line of column names and no students below it.")
    page = _CODE_PAGES.get(encoding)
    remarks = [f"{name} is not UTF-8; it was read as {page}. Look at the names."] if page else []
    if skipped:
        remarks.append(f"Not students in {name}: {', '.join(skipped[:5])}{' and more' * (len(skipped) > 5)}.")
    if damaged := next((person.name for person in people if _encoded_twice(person.name)), ""):
        remarks.append(
            f"Names in {name} are damaged (“{_shown(damaged)}”): it was saved in the wrong encoding. Export it again."
        )
    people = _with_numbers(_joined(people))
    if twice := [person.id for person in people if person.more_rows]:
        remarks.append(
            f"In several rows of {name}, and one person each: {', '.join(twice[:5])}{' and more' * (len(twice) > 5)}."
        )
    return Roster(tuple(people), table, tuple(remarks), _index(people))


def _encoded_twice(name: str) -> bool:
    """Return whether a name is UTF-8 that was read as Windows-1252: `JÃ¼rgen`."""
    try:
        return name.encode("cp1252").decode("utf-8") != name
    except UnicodeError:
        return False


def _joined(people: Iterable[Person]) -> list[Person]:
    """One person for the rows of one: an export may have a row for each section that somebody is in."""
    found: dict[object, Person] = {}
    for person in people:
        known = person.id and (person.name or person.email)
        key = (folded(person.id), letters(person.name), person.email) if known else person.line
        if (first := found.get(key)) is None:
            found[key] = person
            continue
        sections = dict.fromkeys(filter(None, (*first.section.split(", "), person.section)))
        found[key] = replace(
            first,
            section=", ".join(sections)[:100],
            group=first.group or person.group,
            ids=tuple(dict.fromkeys((*first.ids, *person.ids))),
            more_rows=(*first.more_rows, person.row),
        )
    return list(found.values())


def folded(key: str) -> str:
    """An id however it was typed: composed letters, no case, no spaces, without Brightspace's `#`."""
    return " ".join(unicodedata.normalize("NFC", key).strip().lstrip("#").split()).casefold()


def letters(name: str) -> str:
    """A name as platforms write it in file names: letters and digits only."""
    return "".join(c for c in unicodedata.normalize("NFC", name).casefold() if c.isalnum())


def bare(name: str) -> str:
    """A name as machines without accents write it: `muller` of Müller, `lukaszzolc` of Łukasz Żółć."""
    flat = unicodedata.normalize("NFKD", letters(name).translate(_PLAIN_LETTERS))
    return "".join(c for c in flat if not unicodedata.combining(c))


def names_of(person: Person) -> Iterator[str]:
    """The forms in which a file name may have this person's name."""
    for name in (f"{person.last}{person.first}", f"{person.first}{person.last}", person.name):
        if letters(name):
            yield letters(name)


# ------------------------------------------------------------------------------------------------------ who is who
def owners(roster: Roster, known_as: Iterable[str], path: str) -> tuple[Person, ...]:
    """The people who may have handed in what lies at a path: by what is known of them, else by the names in it.

    A platform's own number may be another person's id here: keys that name different people name nobody.
    """
    if found := _agreed([who for key in known_as if (who := roster.find([key]))]):
        return found
    parts = [re.sub(r"(?i)\.(py|ipynb|zip)\Z", "", part) for part in re.split(r"[/\\]", path)]
    for part in reversed(parts):
        if found := roster.find([part]):
            return found
    return next((found for part in reversed(parts[-3:]) if (found := _by_words(roster, part))), ())


def _agreed(found: Sequence[tuple[Person, ...]]) -> tuple[Person, ...]:
    """The people whom all keys can mean; all that any of them means where there are none."""
    common = tuple(person for person in found[0] if all(person in who for who in found)) if found else ()
    return common or tuple(dict.fromkeys(person for who in found for person in who))


def _by_words(roster: Roster, part: str) -> tuple[Person, ...]:
    """Everybody whom words of a name mean: `lovelace_ada_4711_optimizers`, `optimizers-ada01` of GitHub Classroom.

    The longest run of words counts: `optimizers-ada-lovelace` is not Ada of another name.
    """
    words = list(re.finditer(r"[^\s_\-.,+()]+", part))[:MAX_WORDS]
    found: dict[Person, None] = {}
    used: set[int] = set()
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            run = set(range(start, start + length))
            if not used & run and (who := roster.find([part[words[start].start() : words[start + length - 1].end()]])):
                used |= run
                found |= dict.fromkeys(who)
    return tuple(found)


# ----------------------------------------------------------------------------------------------------- the table
def _table(text: str, name: str, encoding: str) -> tuple[RosterTable, list[int]]:
    """The table, and the line that each of its rows ends in."""
    text = text.removeprefix("\ufeff").replace("\0", "")
    separator = ""
    if match := re.match(r"\s*\"?sep=(.)\"?[^\n]*\n", text):  # a line that Excel writes for itself
        separator, text = match[1], "\n" + text[match.end() :]
    separator = separator or _separator(text)
    text = _without_outer_quotes(text, separator)
    spaced = re.search(rf"{re.escape(separator)} +\"", text) is not None
    single = re.match(rf"\s*'[^'\n]*'{re.escape(separator)}'", text) is not None
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quotechar="'" if single else '"',
        skipinitialspace=spaced,
        strict=True,
    )
    numbered: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            numbered += [(reader.line_num, tuple(cells))] if any(map(str.strip, cells)) else []
    except csv.Error as error:
        told = f"Line {reader.line_num} of {name} cannot be read ({error}). Are all quotation marks closed?"
        raise BadRoster(told) from error
    if not numbered:
        raise BadRoster(f"{name} is empty. It needs a line of column names, and a line for each student.")
    known = [len(places(cells)) for _, cells in numbered[:HEADER_LINES]]
    header = known.index(max(known))
    body = numbered[header + 1 :]
    table = RosterTable(numbered[header][1], tuple(cells for _, cells in body), separator, encoding)
    return table, [line for line, _ in body]


def _without_outer_quotes(text: str, separator: str) -> str:
    """Return the text of a table of which every line was taken for a single cell and quoted: `"id,name"`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    try:
        rows = [next(csv.reader([line], delimiter=separator), []) for line in lines]
    except csv.Error:  # told with its line when the table is read
        return text
    if (
        not rows
        or not all(len(row) == 1 and separator in row[0] for row in rows)
        or not places(rows[0][0].split(separator))
    ):
        return text
    return "\n".join(row[0] for row in rows)


def _separator(text: str) -> str:
    """The sign that gives a line the most columns that are known; of equals, the one most often in the first line."""
    lines = [line for line in text[:MAX_HEAD].splitlines() if line.strip()][:HEADER_LINES]
    first = re.sub(r'"[^"]*"', "", lines[0]) if lines else ""
    known = {sign: max((len(places(_cells(line, sign))) for line in lines), default=0) for sign in _SEPARATORS}
    return max(_SEPARATORS, key=lambda sign: (known[sign], first.count(sign)))


# ------------------------------------------------------------------------------------------------------ a person
def _person(columns: Mapping[str, Sequence[int]], cells: Sequence[str], *, canvas: bool, line: int, row: int) -> Person:
    told = {kind: [_visible(cells[at]) for at in those if at < len(cells)] for kind, those in columns.items()}
    values = {kind: [_unmarked(value) for value in found if value] for kind, found in told.items()}
    values["email"] = [address for cell in values.get("email", []) for address in _ADDRESS.findall(cell) or [cell]]
    if canvas:  # its own number, which is no id of the institution's
        values["platform"] = [*values.get("platform", []), *values.pop("id", [])]
    first, last = _one(values, "first"), _one(values, "last")
    name = _one(values, "name")
    if name and not (first and last):
        first, last = split_name(name)
    name = " ".join(filter(None, (first, last)))
    ids = tuple(dict.fromkeys(value for kind in IDS for value in values.get(kind, [])))
    ids += tuple(f"submission_{value}" for value in values.get("submission", []))
    return Person(
        id=ids[0] if ids and not ids[0].startswith("submission_") else "",
        name=name[:200],
        email=_one(values, "email").lower(),
        section=_one(values, "section")[:100],
        group=_one(values, "group")[:100],
        role=_one(values, "role"),
        first=first,
        last=last,
        login=_one(values, "login"),
        platform_id=_one(values, "platform"),
        ids=ids,
        line=line,
        row=row,
        confirmed=any(value.startswith("'") for kind in ("institution", "id") for value in told.get(kind, ())),
    )


def _visible(cell: str) -> str:
    """A cell without the spaces and the signs of no width around it; those within an id are its author's fault."""
    return re.sub(rf"\A{_UNSEEN}+|{_UNSEEN}+\Z", "", cell)


def _one(values: Mapping[str, Sequence[str]], kind: str) -> str:
    return " ".join(values[kind][0].split()) if values.get(kind) else ""


def _unmarked(value: str) -> str:
    """Without what marks a cell as text: an apostrophe, Brightspace's `#`, a formula that is only a text."""
    if match := re.fullmatch(r'="(.*)"', value):
        return match[1]
    return value[1:] if value[:1] in ("#", "'") and value != "#NV" else value


def split_name(name: str) -> tuple[str, str]:
    """First and last name of `Lovelace, Ada` or `Ada Lovelace`."""
    last, _, first = name.partition(",") if "," in name else name.rpartition(" ")[::-1]
    return " ".join(first.split()), " ".join(last.split())


def _is_nobody(person: Person, *, canvas: bool) -> bool:
    """Rows of exports that are no students: points possible, manual posting, teachers, the platform's test student."""
    named = plain(person.name)
    if _STAFF.search(person.role) and not _STUDENT.search(plain(person.role)):
        return True
    if canvas and (not person.ids or named in PLACEHOLDERS):
        return True
    if person.login.endswith("_previewuser"):
        return True
    return not person.email and (named in PLACEHOLDERS or _is_summary(person))


def _is_summary(person: Person) -> bool:
    """Return whether a row counts or dates the list: `Total: 30`, `Class Average`."""
    text = person.name if not person.ids else "" if re.search(r"[^\W\d]", person.name) else person.ids[0]
    return _SUMMARY.fullmatch(plain(text)) is not None


# -------------------------------------------------------------------------------------------------------- checks
def problems(people: Sequence[Person]) -> Iterator[tuple[int, str]]:
    """Line and sentence of each id that cannot be somebody's."""
    for person in people:
        if not person.id:
            yield person.line, "it has no id."
        for value in person.ids:
            if problem := "" if value.lower() == person.email else _wrong(value):
                yield person.line, f"the id “{_shown(value)}” {problem}"
    yield from _odd_widths([person for person in people if person.id.isdecimal() and not person.confirmed])
    yield from _dates(people)
    yield from _rounded(people)
    seen: dict[str, Person] = {}
    for person in people:
        other = seen.setdefault(folded(person.id), person)
        if other is not person and person.id:
            how = "is there twice" if other.id == person.id else f"cannot be told from “{_shown(other.id)}”"
            yield person.line, f"the id “{_shown(person.id)}” {how} (line {other.line}). Every student needs their own."


def _wrong(value: str) -> str:
    if _DAMAGED.match(value):
        return (
            "was damaged by a spreadsheet. Export the list again and do not save it with a spreadsheet, "
            "or format that column as text first."
        )
    if len(value) > MAX_ID or not value.isprintable():
        return "is too long or has characters that cannot be seen."
    if value.startswith(FORMULA):
        return f"starts with “{value[0]}”, which a spreadsheet takes for a formula. Write the id without it."
    return ""


def _odd_widths(numbers: Sequence[Person]) -> Iterator[tuple[int, str]]:
    """Asks about numbers whose width differs from all others: a spreadsheet may have taken zeros from their front."""
    widths = Counter(len(person.id) for person in numbers)
    (usual, count), *_ = widths.most_common(1) or [(0, 0)]
    odd = [person for person in numbers if len(person.id) != usual]
    if usual >= LEAST_WIDTH and count >= LEAST_ALIKE and len(odd) <= max(1, len(numbers) // 10):
        for person in odd:
            shown = _shown(person.id)
            told = (
                f"the id “{shown}” has {len(person.id)} digits, the others have {usual}. A spreadsheet may have taken "
                f"zeros from its front. {_AS_IT_IS}: '{shown}."
            )
            yield person.line, told


def _dates(people: Sequence[Person]) -> Iterator[tuple[int, str]]:
    """Ask about dates among ids that are none: a spreadsheet takes `1-3-2026` for one."""
    dates = [person for person in people if _DATE.fullmatch(person.id) and not person.confirmed]
    if 2 * len(dates) <= len(people):
        for person in dates:
            told = f"the id “{_shown(person.id)}” looks like a date that a spreadsheet made of it. {_AS_IT_IS}"
            yield person.line, told + f": '{_shown(person.id)}."


def _rounded(people: Sequence[Person]) -> Iterator[tuple[int, str]]:
    """Ask about numbers longer than a spreadsheet's that all end with 0: it keeps 15 digits."""
    long = [person for person in people if person.id.isdecimal() and len(person.id) > 15 and not person.confirmed]
    if len(long) >= LEAST_ALIKE and all(person.id[15:].strip("0") == "" for person in long):
        told = (
            f"the id “{_shown(long[0].id)}” was rounded by a spreadsheet, which keeps 15 digits, like all others here."
        )
        yield long[0].line, told + " Export the list again and do not save it with a spreadsheet."


def _shown(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:200]).split())
    return line if len(line) <= 40 else line[:39] + "…"


# --------------------------------------------------------------------------------------------------------- index
def _with_numbers(people: Sequence[Person]) -> list[Person]:
    """`Participant 1234` of Moodle's worksheet is 1234 in its downloads, in every language: the number is an id too.

    It is the platform's own: who has an address or another id goes by that. A download's number is looked up as
    `participant 1234`, because it may be the same as somebody's number in another list.
    """
    found = {person.line: [match for value in person.ids if (match := _NUMBERED.fullmatch(value))] for person in people}
    shared = Counter(word for matches in found.values() for word in {match[1] for match in matches})
    words = {word for word, count in shared.items() if count == len(people) > 0}
    made = []
    for person in people:
        own = [match for match in found[person.line] if match[1] in words]
        others = [value for value in person.ids if value not in {match[0] for match in own}]
        if own:
            numbers = tuple(key for match in own for key in (match[2], f"participant {match[2]}"))
            best = others[0] if others else person.id
            person = replace(person, id=best, platform_id=person.platform_id or numbers[0], ids=person.ids + numbers)
        made.append(person)
    return made


def _index(people: Sequence[Person]) -> dict[str, tuple[Person, ...]]:
    """Every key of everybody: ids first, then what stands before the @, then names; some are several people's."""
    index: dict[str, tuple[Person, ...]] = {}
    for keys in (
        lambda person: map(folded, person.ids),
        lambda person: [letters(value) for value in person.ids if _GROUPED.fullmatch(value)],
        lambda person: [folded(person.email.partition("@")[0])] if person.email else [],
        names_of,
        lambda person: map(bare, names_of(person)),
        lambda person: [bare(name.translate(_UMLAUTS)) for name in names_of(person)],
    ):
        found: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            for key in dict.fromkeys(keys(person)):
                found[key].append(person)
        for key, who in found.items():
            if key:
                index.setdefault(key, tuple(who))
    return index
