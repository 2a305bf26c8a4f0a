"""Recognizes the columns of lists of people by their titles, as platforms and offices of many countries write them.

The titles stand in columns.toml. One is known as it stands, or by what is left of it without remarks ("(7 digits)"),
forms of gender ("Student*in") and words of course ("What is your …"), or by a word of numbers of students in it.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

IDS = ("institution", "id", "login", "email", "platform")  # which of a person's ids is theirs: the first that is there
MAX_TITLE = 80  # characters: longer cells are texts
TITLES = Path(__file__).with_name("columns.toml")

_STUDENT = (
    r"(?:studen\w*|studi\w+|etudiante?|estudante|estudiante|alumn[oe]|aluno|studerende|opiskelija|ogrenci|apprenant)"
)
_NUMBER = r"(?:ids?|no|nr|num|number|nummer|numer|numero|code|codigo|cod|codice|identifier|identifiant|kennung|kenn\w+)"
_BY_WORDS = (  # of titles that are not in the table: kind -> what is in them
    ("", re.compile(r"\b(?:repository|repo|url|section|course|kurs|cours|account|assignment|team)\b")),
    ("login", re.compile(r"(?=.*\bsis\b).*\b(?:login|logon|anmeld\w*|connexion|inicio|inlogg\w*|aanmeld\w*|acces\w*)")),
    ("institution", re.compile(r"\bsis\b")),
    ("email", re.compile(r"^(?:\w+ ){0,2}e ?mail(?: (?:id|address))?$")),
    ("institution", re.compile(rf"\b{_STUDENT}\b.*\b{_NUMBER}\b|\b{_NUMBER}\b.*\b{_STUDENT}\b|\b{_STUDENT}nummer\b")),
    ("institution", re.compile(r"\b(?:matri[ck]\w*|martrikel\w*|matricola|matricule)\b")),
    ("institution", re.compile(r"\b(?:registration|enroll?ment|roll|university|institution\w*) (?:id|no|num\w+)\b")),
)  # fmt: skip
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>")
_GENDER = re.compile(r"[*:/_·•-]+-?(?:innen|in|r|e|n|a|o|as|os|s|es)(?!\w)|\((?:in|innen|r|e|n|a|o|as|os|s|es)\)")
_OF_COURSE = re.compile(
    r"^(?:what is|please|enter|your|the|student s|students?|learner|user|official|legal|primary)\b ?(?=\w)|"
    r" (?:of (?:the )?(?:student|learner|candidate)s?|d[eu]s? (?:l )?etudiante?|d\w\w studierenden|"
    r"del (?:estudiante|alumno)|do aluno|dello studente|as in .*)$"
)  # fmt: skip
_CANVAS_NAMES = frozenset(
    ("student", "student in", "studierende", "studierende r", "studierender", "etudiant", "estudiante", "aluno",
     "estudante", "studente", "studerande", "studerende", "opiskelija", "elev")
)  # fmt: skip
_CANVAS_SECTIONS = {"section", "abschnitt", "seccion", "sectie", "sektion", "seksjon", "secao", "sezione", "seccio"}


def plain(title: str) -> str:
    """A column's title without case, accents and punctuation."""
    flat = "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", flat).split())


@cache
def _known() -> dict[str, tuple[str, int]]:
    """Title -> the kind of its column, and its place among the titles of that kind."""
    known: dict[str, tuple[str, int]] = {}
    for kind, titles in tomllib.loads(TITLES.read_text(encoding="utf-8")).items():
        for at, title in enumerate(" ".join(titles.split()).split(", ")):
            known.setdefault(plain(title), (kind, at))
    return known


@lru_cache(maxsize=1000)
def _kind_of(title: str) -> tuple[str, int]:
    """The kind of a column and its rank among those of its kind; ("", 0) of one that tells nothing of a person."""
    if len(title) > MAX_TITLE or re.search(r"[;|\t]", title.strip()):  # a text, or several titles
        return "", 0
    known = _known()
    for form in _forms(title):
        if form in known:
            return known[form]
    bare = plain(_REMARK.sub(" ", title))
    return next((kind for kind, pattern in _BY_WORDS if pattern.search(bare)), ""), len(known)


def _forms(title: str) -> Iterator[str]:
    yield plain(title)
    yield plain(_GENDER.sub("", title))
    bare = _REMARK.sub(" ", title)
    yield plain(bare)
    yield plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare))  # studentId
    form = plain(bare)
    while (shorter := _OF_COURSE.sub("", form).strip()) != form:  # "what is your student ID": a student ID, not any ID
        yield shorter
        form = shorter


def places(header: Sequence[str]) -> dict[str, list[int]]:
    """Kind -> the columns of that kind, the one that names the person first."""
    titles = [plain(cell) for cell in header]
    ranked: dict[str, list[tuple[int, int]]] = {}
    for at, cell in enumerate(header):
        kind, rank = _kind_of(cell)
        if kind:
            ranked.setdefault(kind, []).append((rank, at))
    found = {kind: [at for _, at in sorted(columns)] for kind, columns in ranked.items()}
    if "user id" in titles and "login id" in titles:  # a file that an office sends to Canvas: its own ids
        found["institution"] = [titles.index("user id"), *found.get("institution", ())]
        found["platform"] = [at for at in found["platform"] if at not in found["institution"]]
    _parts_of_names(found, titles)
    _groups(found, titles)
    return found


_EITHER = frozenset(map(plain, ("group", "groups", "gruppe", "gruppen", "groupe", "groupes", "группа", "组")))


def _groups(found: dict[str, list[int]], titles: Sequence[str]) -> None:
    """Settle what a column `group` is: who hands in together, and a section too where no other column is one."""
    either = [at for at in found.get("section", ()) if titles[at] in _EITHER]
    if not either:
        return
    if others := [at for at in found["section"] if at not in either]:
        found["section"] = others
    found["group"] = [*found.get("group", ()), *either]


def _parts_of_names(found: dict[str, list[int]], titles: Sequence[str]) -> None:
    """Settle what one word means in several languages: `Nom` and `Nome` are first names, last names, or whole ones."""
    if "first" not in found and "last" in found and "name" not in found and "nom" in titles:
        found["name"] = found.pop("last")  # a French list with whole names
        if {"cognoms", "cognom"} & {*titles}:  # a Catalan one
            found["first"], found["last"] = (
                [titles.index("nom")],
                [at for at in found.pop("name") if titles[at] != "nom"],
            )
    if "first" in found and "last" not in found:
        for name in {"name", "nume"} & {*titles}:  # a German list: Name, Vorname; a Romanian one: Nume, Prenume
            found["last"] = [titles.index(name)]
            found["name"] = [at for at in found.get("name", ()) if at not in found["last"]]
    if "last" in found and "first" not in found and "nome" in titles:
        found["first"] = [titles.index("nome")]  # an Italian list: Cognome, Nome; a Portuguese one: Nome, Sobrenome
        found["name"] = [at for at in found["name"] if at not in found["first"]]
    if "first" in found and not found.get("last") and not found.get("name"):
        found["name"] = found.pop("first")


def is_canvas(header: Sequence[str]) -> bool:
    """Return whether this is Canvas's export, in any language: whole names first, then its own ids, and a section."""
    titles = [plain(cell) for cell in header]
    if titles[1:2] != ["id"] or not _CANVAS_NAMES & {*_forms(header[0])}:
        return False
    return bool(_CANVAS_SECTIONS & {*titles}) or any("sis" in title.split() for title in titles)


def ids_end(header: Sequence[str]) -> int:
    """The number of columns up to the last of those that tell who somebody is."""
    found = places(header)
    return 1 + max((at for kind in (*IDS, "name", "section") for at in found.get(kind, ())), default=-1)
