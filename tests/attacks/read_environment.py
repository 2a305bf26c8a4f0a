# expect: finished
# after: yes
"""Looks for secrets in the environment and on the command line."""

import os
import sys

breaches = []
ALLOWED = {
    *(
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "PYTHONHASHSEED",
        "LC_ALL",
        "LC_CTYPE",
        "LANG",
        "PATH",
        "HOME",
    ),
    *("HOSTNAME", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
}


def step(x):
    return 0.9 * x


def attack(x):
    print(dict(os.environ), sys.argv, sys.orig_argv)
    breaches.extend(sorted(set(os.environ) - ALLOWED))
    return x
