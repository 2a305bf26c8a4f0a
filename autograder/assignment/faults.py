"""Names the one exception of loading."""

from autograder.blame import AuthorFault


class BadAssignment(AuthorFault):
    """The assignment's folder is missing something or contradicts itself; the message says what and where."""
