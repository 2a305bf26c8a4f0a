"""Starts the zygote with its imports read from one file instead of hundreds.

    python -I -S preload.py OPTIONS-AS-JSON     (modules.bin, made by sandbox/runtime.py, lies beside it)

Importing NumPy opens two hundred files and looks for a thousand: half of the cost of a start. What is not in the table
is imported as usual.
"""

import _frozen_importlib_external as external  # importlib.machinery itself would open files
import _imp
import marshal
import sys

HERE = __file__.rpartition("/")[0]


class Packed(external.SourceFileLoader):
    """A source file whose code has already been compiled into the table."""

    def get_code(self, fullname):
        code = marshal.loads(TABLE[fullname][2])  # noqa: S302 - our own file, owned by whoever runs the grader
        _imp._fix_co_filename(code, self.path)  # noqa: SLF001 - it was compiled where the table was made
        return code


class Table:
    """Finds modules in the table: name -> (file below HERE, is it a package, marshalled code or None)."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # noqa: ARG004
        if name not in TABLE:
            return None
        below, package, code = TABLE[name]
        file = f"{HERE}/{below}"
        loader = external.ExtensionFileLoader(name, file) if code is None else Packed(name, file)
        inside = [file.rpartition("/")[0]] if package else None
        return external.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)


if __name__ == "__main__":
    with open(f"{HERE}/modules.bin", "rb") as packed:  # noqa: PTH123 - pathlib is a dozen files more
        TABLE = marshal.load(packed)  # noqa: S302
    sys.meta_path.insert(0, Table)
    import json

    import zygote

    zygote.main(json.loads(sys.argv[1]))
