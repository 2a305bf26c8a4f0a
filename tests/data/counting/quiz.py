"""No quiz."""

from autograder.model import Item


def quiz(_seed: int) -> tuple[Item, ...]:
    return ()
