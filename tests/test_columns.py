"""Columns of lists of people are known by their titles, however a title is decorated and whichever order they have."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.columns import IDS, MAX_TITLE, ids_end, is_canvas, places, plain

# One title for each kind that means the same in every company; none is a word of two kinds.
TITLES = {
    "institution": ["SIS User ID", "Matrikelnummer", "Student ID", "numéro étudiant", "学号"],
    "login": ["SIS Login ID", "Benutzername", "NetID", "логин"],
    "email": ["Email Address", "E-Mail-Adresse", "courriel", "correo electrónico"],
    "name": ["Full name", "imię i nazwisko", "氏名"],
    "section": ["Section name", "Übungsgruppe", "turma"],
    "group": ["Team name", "Abgabegruppe", "squadra"],
    "role": ["Role", "Rolle", "papel"],
    "submission": ["Submission ID"],
}
KNOWN = [(kind, title) for kind, titles in TITLES.items() for title in titles]
DECORATIONS = [
    str,
    str.upper,
    str.lower,
    lambda title: f"  {title}  ",
    lambda title: f"{title}:",
    lambda title: f"{title} (7 digits)",
    lambda title: f"{title} [required]",
    lambda title: title.replace(" ", "_"),
    lambda title: f"What is your {title}",
]


@pytest.mark.parametrize(("kind", "title"), KNOWN, ids=[title for _, title in KNOWN])
@pytest.mark.parametrize("decoration", DECORATIONS, ids=range(len(DECORATIONS)))
def test_a_title_is_known_however_it_is_decorated(kind, title, decoration):
    assert places([decoration(title)]) == {kind: [0]}


@given(st.permutations(list(TITLES)), st.data())
def test_the_order_of_columns_changes_nothing(kinds, data):
    header = [data.draw(st.sampled_from(TITLES[kind])) for kind in kinds]
    assume(not is_canvas(header))
    assert places(header) == {kind: [at] for at, kind in enumerate(kinds)}
    last = max(at for at, kind in enumerate(kinds) if kind in (*IDS, "name", "section"))
    assert ids_end(header) == last + 1


@given(st.lists(st.text(max_size=2 * MAX_TITLE), max_size=8))
def test_any_header_is_read_and_each_column_that_is_told_is_there(header):
    found = places(header)
    assert all(0 <= at < len(header) for columns in found.values() for at in columns)
    assert all(len({*columns}) == len(columns) for columns in found.values())
    assert 0 <= ids_end(header) <= len(header)
    is_canvas(header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["Nom", "Prénom"], {"last": [0], "first": [1]}),
        (["Nom", "E-mail"], {"name": [0], "email": [1]}),
        (["Nom", "Cognoms"], {"first": [0], "last": [1]}),
        (["Name", "Vorname"], {"last": [0], "first": [1], "name": []}),
        (["Cognome", "Nome"], {"last": [0], "first": [1], "name": []}),
        (["Vorname", "E-Mail"], {"name": [0], "email": [1]}),
    ],
    ids=["French", "French, whole", "Catalan", "German", "Italian", "first names alone"],
)
def test_a_word_that_means_several_things_is_told_by_its_company(header, expected):
    assert places(header) == expected


def test_a_column_group_is_a_section_too_where_no_other_is_one():
    assert places(["Group"]) == {"section": [0], "group": [0]}
    assert places(["Group", "Section"]) == {"section": [1], "group": [0]}


@pytest.mark.parametrize("text", ["x" * (MAX_TITLE + 1), "id;name;email", "Repository URL", "assignment", ""])
def test_a_text_or_a_thing_that_is_no_persons_tells_nothing(text):
    assert places([text]) == {}


def test_the_grades_of_canvas_are_known_and_a_list_of_ones_own_is_not():
    assert is_canvas(["Student", "ID", "SIS User ID", "Section"])
    assert is_canvas(["Étudiant", "ID", "Section"])
    assert not is_canvas(["Student", "ID", "Points"])
    assert not is_canvas(["ID", "Student", "Section"])


@given(st.sampled_from([title for _, title in KNOWN]))
def test_what_is_plain_stays_as_it_is(title):
    assert plain(plain(title)) == plain(title)
