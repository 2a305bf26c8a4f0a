"""Tasks of an operator outside the pages: backups, one person's data, old data, a look at the whole.

Nothing here knows an assignment or a key. The command `gradmark admin` and the workers' daily job call it.
"""

from __future__ import annotations


class CannotOperate(Exception):
    """It was asked for something that is not possible here; the message says what to do. Nothing was changed."""
