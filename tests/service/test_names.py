"""People in lists, by family name."""

from __future__ import annotations

import pytest

from autograder.service.rules.names import family_first, sort_key


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Ada Lovelace", "Lovelace, Ada"),
        ("Emma van den Berg", "van den Berg, Emma"),
        ("Ludwig Maria von Mises", "von Mises, Ludwig Maria"),
        ("Lovelace, Ada", "Lovelace, Ada"),
        ("Van Morrison", "Morrison, Van"),
        ("Sukarno", "Sukarno"),
        ("  Ada   Lovelace ", "Lovelace, Ada"),
        ("", ""),
    ],
)
def test_a_family_name_begins_with_its_particles_and_a_comma_decides(name, told):
    assert family_first(name) == told


def test_accents_and_case_separate_nobody_from_their_letter():
    people = ["Zoë Zimmer", "Åsa Émile", "Bo edgar", "Ada Ecker", "Cy Edgar"]
    assert sorted(people, key=sort_key) == ["Ada Ecker", "Bo edgar", "Cy Edgar", "Åsa Émile", "Zoë Zimmer"]
