# expect: finished
# imported: SystemExit
"""Leaves while it is imported."""

import sys

sys.exit(0)
