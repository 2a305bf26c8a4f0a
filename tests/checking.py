"""Runs check.py as a student does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np


def check(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """check.py in an interpreter without site-packages but for NumPy, and not in the folder's directory."""
    numpy_home = str(Path(np.__file__).parent.parent)
    program = (
        "import importlib.abc, runpy, sys\n"
        "class NumPyAlone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        root = name.split('.')[0]\n"
        "        if path is None and root not in sys.stdlib_module_names | {'numpy', 'tinytorch', 'autograder', 'derive', 'driver', 'check', 'reading'}:\n"
        "            raise ModuleNotFoundError(f'{name} is not there at home', name=name)\n"
        f"sys.meta_path.insert(0, NumPyAlone()); sys.path.append({numpy_home!r})\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(home / "check.py"), *map(str, arguments)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=60)
