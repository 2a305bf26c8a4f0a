"""Loads a submission inside the sandbox, statement by statement, as a notebook runs its cells.

Around the classes of a file stand trials, plots and imports of what only their author has. One of them failing must
not cost the classes: it is left out, and what was left out is said. A class that cannot be made ends the loading,
unless it hangs on an import that was left out.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import io
import linecache
import operator
import os
import re
import sys
import types

MOST = 40  # statements that are told of
MOST_HELD = 1000  # entries of a list, dictionary or set that is put back as it was
CONTAINERS = (list, dict, set)
PARSE_ONLY = 0x400  # ast.PyCF_ONLY_AST, without importing ast
FUTURES = 0x1FF0000  # every flag that a __future__ import can set


def load(name, finder, refusal=lambda _error: ""):
    """The module of that name, and what was left out of it: [line, exception's type, its message, is it an import].

    refusal: what the sandbox refused, in words, if an exception comes from that.
    """
    loader = Statements(name, finder.get_source(name), refusal)
    sys.meta_path.insert(0, loader)
    sys.meta_path.append(Elsewhere(finder.sources, loader.imported()))
    return importlib.import_module(name), loader.left_out


class Kept:
    """The values that a module, its classes and its functions hold, as they were when it was loaded.

    An experiment begins with them: what another one left in a class, in a global name or in a default argument is no
    part of it. Two optimizers that share a list are seen where they take turns, and nowhere else.
    """

    def __init__(self, module, but=()):
        classes = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
        owners = [module, *classes]
        loaded = [(o, dict(vars(o))) for o in owners]
        self.names = [(o, {n: v for n, v in had.items() if n not in but and is_data(n, v)}, had) for o, had in loaded]
        functions = [getattr(v, "__func__", v) for o in owners for v in vars(o).values()]
        functions = [f for f in functions if isinstance(f, types.FunctionType)]
        held = [v for _, names, _ in self.names for v in names.values()]
        held += [v for f in functions for v in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())]
        held = {id(v): v for v in held if isinstance(v, CONTAINERS)}.values()
        self.contents = [(v, copied(v)) for v in held if len(v) <= MOST_HELD]

    def restore(self):
        with contextlib.suppress(Exception):
            for owner, names, loaded in self.names:
                if isinstance(owner, type):
                    now = vars(owner)
                    if len(now) == len(loaded) and all(map(operator.is_, now.values(), loaded.values())):
                        continue
                    written = [(n, v) for n, v in vars(owner).items() if loaded.get(n, self) is not v]
                    for name in [n for n, v in written if n not in names and is_data(n, v)]:
                        delattr(owner, name)
                for name, value in names.items():
                    if vars(owner).get(name, self) is not value:
                        setattr(owner, name, value)
            for held, content in self.contents:
                held.clear()
                (held.extend if isinstance(held, list) else held.update)(copied(content))


def is_data(name, value):
    """Return whether a value is no function, class, module or property."""
    special = callable(value) or isinstance(value, types.ModuleType) or hasattr(type(value), "__get__")
    return not name.startswith("__") and not special


def copied(value):
    """A list, dictionary or set anew, and those inside it; whatever else is in it is the same object."""
    if isinstance(value, dict):
        return {name: copied(v) if type(v) in CONTAINERS else v for name, v in value.items()}
    return (set if isinstance(value, set) else list)(copied(v) if type(v) in CONTAINERS else v for v in value)


class Nothing:
    """Stands for IPython in a script that was a notebook: whatever is asked of it, it does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_, **__):
        return self


def furnish(module):
    """Gives a submission the names that it has where it was written: as a file, or as a notebook's cells."""
    module.__file__ = f"{os.getcwd()}/{module.__name__.rpartition('.')[2]}.py"  # noqa: PTH109 - pathlib is a dozen files more
    nothing = Nothing()
    module.__dict__.update(get_ipython=lambda: nothing, display=nothing)


class Statements(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def __init__(self, name, source, refusal):
        self.name, self.source, self.refusal, self.left_out = name, source, refusal, []
        self.lost = set()  # names that an import would have bound
        self.first = None  # the first exception of what was left out
        self.late = False  # a trial used up the time: no further one is started

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_source(self, name):
        return self.source

    def imported(self):
        """The dotted names that the file imports from, wherever in it; none when it cannot be parsed."""
        try:
            tree = compile(self.source, "", "exec", flags=PARSE_ONLY, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return set()
        found, waiting = set(), [tree]
        while waiting:
            node = waiting.pop()
            kind = type(node).__name__
            if kind == "Import":
                found |= {alias.name for alias in node.names}
            elif kind == "ImportFrom" and node.module and not node.level:
                found.add(node.module)
            waiting += children(node)
        return found

    def exec_module(self, module):
        file = "<" + self.name + ">"
        lines = io.StringIO(self.source).readlines()  # as Python counts them: a form feed ends none
        linecache.cache[file] = (len(self.source), None, lines, file)
        tree = compile(self.source, file, "exec", flags=PARSE_ONLY, dont_inherit=True)
        flags = compile(self.source, file, "exec", dont_inherit=True).co_flags & FUTURES
        furnish(module)
        body = list(tree.body)
        for node in body:
            tree.body = [node]
            if self.late and type(node).__name__ in TRIALS:
                self.leave_out(node, None)
                continue
            self.run(node, compile(tree, file, "exec", flags=flags, dont_inherit=True), module)
        module.__doc__ = docstring(body)
        classes = [made for made in vars(module).values() if isinstance(made, type) and made.__module__ == self.name]
        if self.first and not classes:
            raise self.first  # nothing is left that could be marked

    def run(self, node, code, module):
        try:
            exec(code, module.__dict__)  # noqa: S102 - this is the sandbox
        except BaseException as error:
            if not self.spares(node, error):
                raise
            if isinstance(error, ImportError) and is_import(node):
                self.bind_the_rest(node, module)
            elif hasattr(node, "name"):
                self.lost.add(node.name)
            self.late = self.late or type(error).__name__ == "TookTooLong"
            self.leave_out(node, error)

    def spares(self, node, error):
        """Return whether the rest goes on without this statement: not without a class, unless an import is to blame."""
        return not defines_a_class(node) or (isinstance(error, NameError) and error.name in self.lost)

    def bind_the_rest(self, node, module):
        """`import numpy as np, tqdm` has numpy all the same."""
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            try:
                module.__dict__[bound] = imported(node, alias, self.name)
            except ImportError:
                self.lost.add(bound)

    def leave_out(self, node, error):
        self.first = self.first or error
        message = "" if error is None else self.refusal(error) or text_of(error)
        if len(self.left_out) < MOST:
            kind = "" if error is None else type(error).__name__[:80]
            self.left_out.append([first_line(node), kind, message[:200], is_import(node)])


TRIALS = {"Expr", "For", "While", "With", "Assert", "If", "Try", "Delete"}


def is_import(node):
    return type(node).__name__ in ("Import", "ImportFrom")


def imported(node, alias, name):
    """The meaning of one name of an import statement.

    Raises:
        ImportError: it is not there.
    """
    if type(node).__name__ == "Import":
        whole = importlib.import_module(alias.name)
        return whole if alias.asname else sys.modules[alias.name.partition(".")[0]]
    package = importlib.import_module("." * node.level + (node.module or ""), name.rpartition(".")[0] or None)
    try:
        return getattr(package, alias.name)
    except AttributeError as error:
        raise ImportError(alias.name) from error


def text_of(error):
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a hostile __str__
        return "(its message cannot be shown)"


def docstring(body):
    """The file's own, which other strings at top level, each run as a module, have overwritten."""
    value = getattr(body[0], "value", None) if body and type(body[0]).__name__ == "Expr" else None
    return value.value if isinstance(getattr(value, "value", None), str) else None


def first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def children(node):
    for field in node._fields:
        value = getattr(node, field, None)
        for one in value if isinstance(value, list) else [value]:
            if hasattr(one, "_fields"):
                yield one


def defines_a_class(node):
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if type(one).__name__ == "ClassDef":
            return True
        waiting += children(one)
    return False


class Elsewhere(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds provided modules under the paths of other editions: `tinytorch.tensor`, `core.tensor`, `tensor_dev`.

    `wanted`: the dotted names that the submission imports from. Packages that lie around such a name are there, empty.
    """

    def __init__(self, provided, wanted):
        self.modules = {name.removesuffix(".__init__") for name in provided if not name.startswith("gradmark_")}
        self.around = {
            name.rsplit(".", n)[0] for name in wanted if self.same(name) for n in range(1, name.count(".") + 1)
        }
        for package in sorted(self.modules & wanted):
            if package + ".__init__" in provided:
                self.open(package)

    def same(self, name):
        """The provided module that a dotted name means, by its last part."""
        last = re.sub(r"^\d+_|_(?:dev|module)$", "", name.rpartition(".")[2])
        return next((known for known in sorted(self.modules, key=len) if known.rpartition(".")[2] == last), None)

    def open(self, package):
        """`from tinytorch import Tensor` finds it in a module of the package."""
        inside = [name for name in self.modules if name.startswith(package + ".")]

        def find(name):
            for one in sorted(inside):
                if not name.startswith("_") and one in sys.modules and hasattr(sys.modules[one], name):
                    return getattr(sys.modules[one], name)
            raise AttributeError(f"module {package!r} has no attribute {name!r}")

        importlib.import_module(package).__getattr__ = find

    def find_spec(self, name, path=None, target=None):
        known = self.same(name)
        if known and known != name:
            return importlib.util.spec_from_loader(name, self, origin=known)
        return importlib.util.spec_from_loader(name, self, is_package=True) if name in self.around else None

    def create_module(self, spec):
        return importlib.import_module(spec.origin) if spec.origin else None

    def exec_module(self, module):
        pass
