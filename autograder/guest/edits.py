"""Makes single edits of a submission's own source: the grammar of small repairs. Standard library only.

Every edit comes from the file itself (its names, constants, calls, expressions and statements) and from a general
grammar (operators, operands, neighbours of constants, insertions of what is in scope). All edits of the functions
that ran are compiled into one program that has a switch, so that trying one of them costs no compiling.
"""

import ast
import builtins
import copy
import re
import sys
from itertools import combinations, permutations

SWITCH = "_edit_"  # the global that says which edit is on; 0 = none
BUILTINS = frozenset(dir(builtins))
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
OPERATORS = (*ARITHMETIC, ast.FloorDiv, ast.Mod, ast.MatMult)  # those that may stand where another one belongs
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
PATHS = (ast.Name, ast.Attribute, ast.Subscript)
COMPOUND = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare, ast.BoolOp, ast.IfExp)
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Continue, ast.Break, ast.Raise)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MADE = (ast.List, ast.Dict, ast.ListComp, ast.DictComp, ast.Call)  # expressions that make an object which may change
LIKE = {"sqrt": ("square", "abs"), "square": ("sqrt", "abs"), "abs": ("square", "sqrt"), "ones_like": ("zeros_like",),
        "zeros_like": ("array",), "ones": ("zeros",), "asarray": ("array",), "empty_like": ("zeros_like",)}  # fmt: skip
for kind in (ast.expr, ast.stmt, ast.keyword):  # nodes made here stand nowhere: no need to give each a place
    kind.lineno = kind.end_lineno = 1
    kind.col_offset = kind.end_col_offset = 0
MOST_ATOMS, MOST_DONORS, MOST_WRAPPERS = 26, 40, 12
VALUE = ast.Name("value", ast.Load())  # stands for what a method is asked of
MOST_VALUES, MOST_SHARES, MOST_COUNTS, MOST_ELSEWHERE, MOST_MOVED = 10, 4, 2, 6, 5  # of what may be put in
CHOOSING = 0.1  # that an edit costs more
HANDING = 0.2  # where arguments are only handed on: what they are handed to is likelier to be wrong
DECIMAL = re.compile(r"\d+\.\d+(?:e-?\d+)?")
MOST_WRITTEN = 4  # decimals in the docstrings of a function and its class: the number that was meant may stand there
UNREAD = 2  # of a call's function: a method of an object that is fetched and never asked
MOST_FACTORS = 30  # for a constant
MOST_CROSSED = 4  # names in one expression of which two may be exchanged
MOST_KEYS = 12  # texts that name entries
MOST_WHOLE, MOST_LONGER = 8, 6  # calls of what the file defines, and others of many arguments, to put around something
MOST_EDITS = 8000  # of one search: about half a second of computing


class Edit:
    """One change: where it is in the file, what it is, and how large."""

    __slots__ = ("anchor", "cost", "end", "kind", "line", "number", "static")

    def __init__(self, number, node, kind, cost, static):
        self.number, self.kind, self.cost, self.static = number, kind, cost, static
        self.anchor = node
        self.line, self.end = node.lineno, head_end(node)


def head_end(node):
    """The last line of a node; of a compound statement the last line of its head."""
    body = getattr(node, "body", None)
    if isinstance(node, ast.Match):
        return node.subject.end_lineno
    if isinstance(node, ast.stmt) and isinstance(body, list) and body:
        return max(node.lineno, min(node.end_lineno, body[0].lineno - 1))
    return node.end_lineno


def parse(source):
    """The tree, with its parent on every node; what a function sets to a value has no type beside it any more."""
    tree = ast.parse(source)
    for function in [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS)]:
        Untyped().generic_visit(function)
    return annotated(tree)


class Untyped(ast.NodeTransformer):
    """Leaves out the types of what is set: no edit is about them."""

    def visit_AnnAssign(self, node):
        return ast.copy_location(ast.Assign([node.target], node.value), node) if node.value else node

    def visit_ClassDef(self, node):
        return node


def walk(node):
    """A node and all that is below it, level by level: found once for each node."""
    if not hasattr(node, "below"):
        node.below = [node]
        for one in node.below:
            for name in one._fields:
                value = getattr(one, name, None)
                inner = value if isinstance(value, list) else [value]
                node.below += [n for n in inner if isinstance(n, ast.AST)]
    return node.below


def annotated(tree):
    for node in walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    return tree


def clone(node):
    """A tree of which no part stands in two places, with the lines that it had."""
    if isinstance(node, list):
        return [clone(n) for n in node]
    if not isinstance(node, ast.AST):
        return node
    new = type(node)(**{name: clone(value) for name, value in ast.iter_fields(node)})
    return ast.copy_location(new, node)


def text(node):
    if not hasattr(node, "written"):
        node.written = ast.unparse(node)
    return node.written


def same(one, other):
    """Return whether two trees read alike."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if not isinstance(one, ast.AST):
        return one == other
    return isinstance(one, ast.expr_context) or all(same(getattr(one, f), getattr(other, f)) for f in one._fields)


def functions(tree):
    """Every function of the file with the class around it (or None), in order: found once for a tree."""
    if not hasattr(tree, "functions"):
        tree.functions = list(found_in(tree))
    return tree.functions


def found_in(tree):
    classes = {n.name: n for n in walk(tree) if isinstance(n, ast.ClassDef)}
    patched = dict(patches(tree))
    for node in walk(tree):
        if isinstance(node, FUNCTIONS):
            around = node.parent
            while not isinstance(around, ast.ClassDef | ast.Module):
                around = around.parent
            yield node, around if isinstance(around, ast.ClassDef) else classes.get(patched.get(node.name))


def patches(tree):
    """Functions of the module that are put into a class, with its name: SGD.step = sgd_step."""
    for node in tree.body:
        match node:
            case ast.Assign([ast.Attribute(ast.Name(owner))], ast.Name(function)):
                yield function, owner


def own_nodes(function):
    """All nodes of a function, those inside the functions and classes that it defines left out."""
    found = [function.args, *function.body]
    for node in found:
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found += ast.iter_child_nodes(node)
    return found


def names_in(function):
    """The names that a function has of its own: its arguments, and what it sets and defines."""
    found = []
    for node in own_nodes(function):
        match node:
            case ast.arg(name) | ast.Name(name, ast.Store()) | ast.FunctionDef(name) | ast.ClassDef(name):
                found.append(name)
    return [name for name in dict.fromkeys(found) if name not in ("self", "cls")]


def outer_functions(function):
    """The functions that a function stands in, the nearest first."""
    node = getattr(function, "parent", None)
    while node is not None:
        if isinstance(node, FUNCTIONS):
            yield node
        node = getattr(node, "parent", None)


def free_names(node):
    return {n.id for n in walk(node) if isinstance(n, ast.Name)}


def set_by_name(classes):
    """The arguments of constructors that may become attributes by setattr: in a loop over a dictionary of settings."""
    if not any(isinstance(n, ast.Call) and last_name(n) == "setattr" for c in classes for n in walk(c)):
        return set()
    makers = [n for c in classes for n in c.body if isinstance(n, FUNCTIONS) and n.name == "__init__"]
    return {a.arg for n in makers for a in (*n.args.args[2:], *n.args.kwonlyargs)}  # but not the parameters


def own_attributes(nodes):
    """Attributes of `self` that these nodes set or read: one that is only read may be one that nobody sets."""
    return {n.attr for node in nodes for n in walk(node) if is_own(n)}


class Scope:
    """The material for edits inside one function."""

    def __init__(self, tree, function, owner, given):  # noqa: PLR0915 - a list of materials
        self.function = function
        self.awaited = set()  # attributes that only heirs of the class read, and that nobody sets
        self.locals = names_in(function)
        outer = [name for one in outer_functions(function) for name in names_in(one)]
        self.readable = list(dict.fromkeys([*self.locals, *outer]))  # a function inside another one sees its names
        signatures = [one.args for one in (function, *outer_functions(function))]
        arguments = {a.arg for one in signatures for a in walk(one) if isinstance(a, ast.arg)}
        self.globals = {name for node in tree.body for name in defined(node)} | {"self", "super", "cls", *given}
        known = self.globals | BUILTINS | set(self.readable)
        self.loose = sorted({n.id for n in own_nodes(function) if isinstance(n, ast.Name)} - known)
        chain = ancestry(tree, owner) or [tree]  # a method may be patched into its class
        self.methods = {n.name for c in chain for n in c.body if isinstance(n, FUNCTIONS)}
        patched = [n for n in tree.body if isinstance(n, FUNCTIONS) and [a.arg for a in n.args.args[:1]] == ["self"]]
        self.attributes = own_attributes([*chain, *patched]) - self.methods if "self" in arguments else set()
        by_name = set_by_name(chain)
        self.attributes |= by_name if "self" in arguments else set()
        nodes = [n for n in walk(tree) if isinstance(n, ast.expr | ast.stmt)]
        paths = [n for n in nodes if is_path(n) and self.knows(n) and not is_called(n)]
        paths = [n for n in paths if self.holds(n)]
        made = [ast.Name(name, ast.Load()) for name in self.readable]
        made += [of_self(a) for a in sorted(self.attributes)]
        mine = [n for n in paths if inside(n, function)]
        self.atoms = unique([loaded(n) for n in [*mine, *made, *paths]])[:MOST_ATOMS]
        around = (*chain, function)
        self.kept = unique([n for n in nodes if isinstance(n, ast.Attribute | ast.Subscript) and is_stored(n)
                            and self.knows(n) and any(inside(n, one) for one in around) and self.holds(n)])  # fmt: skip
        parts = [n.attr for n in nodes if isinstance(n, ast.Attribute) and is_stored(n) and not is_own(n)]
        self.parts = list(dict.fromkeys(parts))[:4]  # attributes that are set, of what is not self
        imports = [n for n in tree.body if isinstance(n, ast.ImportFrom)]
        imports = [n for n in imports if (n.module or "").partition(".")[0] not in sys.stdlib_module_names]
        self.imported = [name for n in imports for name in defined(n) if name[:1].isupper()][:2]
        slices = [n.slice for n in nodes if isinstance(n, ast.Subscript) and self.knows(n.slice)]
        self.indices = unique([n for n in slices if not isinstance(n, ast.Slice | ast.Tuple)])[:8]
        self.keys = list(dict.fromkeys(n.value for n in walk(tree) if is_key(n)))[:MOST_KEYS]
        numbers = [n for n in nodes if number_of(n) is not None and number_of(n.parent) is None]
        self.constants = unique([ast.Constant(number_of(n)) for n in numbers])
        written = " ".join(ast.get_docstring(n) or "" for n in (function, *chain) if not isinstance(n, ast.Module))
        self.written = [float(number) for number in dict.fromkeys(DECIMAL.findall(written))][:MOST_WRITTEN]
        calls = [n for n in nodes if isinstance(n, ast.Call)]
        asked = [on_a_value(n) for n in calls if self.asks_a_value(n) and all(map(self.knows, [*n.args, *n.keywords]))]
        calls = [n for n in calls if self.knows(n.func) and wraps(n) and not self.asks_a_value(n)]
        self.wrappers = unique([*calls, *asked, *general_calls(tree)], key=wrapper_text)[:MOST_WRAPPERS]
        self.unread = self.never_read()
        self.left_out(tree, nodes, chain)
        self.made = [made for n in tree.body if isinstance(n, ast.ClassDef) for made in self.made_of(n)]
        self.donors = unique([n for n in nodes if isinstance(n, COMPOUND) and self.knows(n) and len(text(n)) < 160])
        methods = [f for f, around in functions(tree) if around is not None and around in chain]
        constructs = function.name == "__init__"
        self.idle = [] if constructs else idle(function, methods or chain[0].body, self.locals, by_name)
        swapped = [other for n in self.donors if len(text(n)) < 60 for other in swaps(n, self)]
        self.donors = unique([*self.donors, *swapped])
        self.rests = [n for n in self.donors if is_rest(n)][:MOST_SHARES]
        self.numpy = numpy_names(tree)
        self.missing_factors, self.missing_terms, self.missing_pulls, self.pairs = self.missing(function, methods)
        here = {text(n) for n in walk(function) if isinstance(n, ast.BinOp)}
        fading = [n for n in self.donors if is_share_of_kept(n) and text(n) not in here]
        self.missing_terms = [*self.missing_terms, *fading[:MOST_SHARES]]
        self.assigned = [n for f in methods for n in walk(f) if isinstance(n, ast.Assign)]
        tests = [n.test for n in nodes if isinstance(n, ast.If | ast.IfExp) and self.knows(n.test)]
        self.conditions = unique([n for n in tests if len(text(n)) < 80])[:12]
        factors = [n for n in self.donors if isinstance(n, ast.BinOp) and len(text(n)) < 50]
        self.factors = sorted(factors, key=lambda n: len(text(n)))[:MOST_FACTORS]
        written = [n for n in walk(function) if isinstance(n, ast.Name | ast.Attribute) and is_stored(n)]
        numbers = {text(n) for n in computed(function)}
        moved = unique([n for n in written if text(n) in numbers and not is_own(n)])
        self.moved = sorted(moved, key=lambda n: isinstance(n, ast.Name))[:MOST_MOVED]
        self.updates = list(self.updates_of(function))
        own = {text(n) for n in walk(function) if isinstance(n, ast.stmt)}
        statements = [n for n in nodes if isinstance(n, (*SIMPLE, ast.If, ast.For)) and self.sets(n) and small(n)]
        statements = [n for n in statements if not is_docstring(n)]
        self.statements = [n for n in unique(statements) if text(n) not in own or not inside(n, function)]
        self.absent = [n for n in self.statements if text(n) not in own][:MOST_DONORS]

    def missing(self, function, methods):
        """The factors and the terms that may have been left out: where something is kept and never used, of that.

        A factor is x, 1 - x or 1 - x * y; a term is x, x * y, (1 - x) * y, or where nothing is squared (1 - x) * y * y.
        A factor may also be the root of what was computed and is never used, with or without a setting beside it; what
        only other methods of the object compute with (the learning rate, in a step that begins with its parent's); and
        where something is counted and nothing fades with that count, 1 - x ** count.
        """
        values = [n for n in computed(function) if self.knows(n)]
        shares = [n for n in values if not isinstance(n, ast.Subscript) and shares_in(n, function)]
        rests = {text(n) for n in walk(function) if isinstance(n, ast.BinOp)}
        sums = {text(n.targets[0]).removesuffix("[:]") for n in walk(function)
                if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp)}  # fmt: skip
        shares = sorted(shares, key=lambda n: (text(rest(n)) not in rests, text(n) in sums))[:MOST_SHARES]
        settings = [n for n in values if is_own(n)][:MOST_SHARES]
        values = values[:MOST_VALUES]
        once, shares = self.idle or values, self.idle or shares
        rests = [rest(share) for share in shares]
        pairs = [product(a, b) for a in self.idle for b in settings]
        here = {text(n) for n in computed(function)}
        others = [n for f in methods if f is not function for n in computed(f) if is_own(n) and self.knows(n)]
        elsewhere = unique([n for n in others if not isinstance(n, ast.Subscript) and text(n) not in here])
        powers = any(isinstance(n, ast.Pow) for one in self.rests for n in walk(one))
        counting = [] if powers else unique(n for f in (function, *methods) for n in counted(f) if self.knows(n))
        fading = [rest(ast.BinOp(share, ast.Pow(), count)) for share in shares for count in counting[:MOST_COUNTS]]
        stateless = [] if self.kept else [ast.BinOp(ast.Constant(1), ast.Add(), value) for value in values]
        stateless += [] if self.kept else [ast.Constant(number) for number in self.written]
        data = [ast.Attribute(n, "data", ast.Load()) for n in self.idle if isinstance(n, ast.Name)]
        once = [*once, *(data if not self.kept else [])]
        factors = [
            *once,
            *stateless,
            *rests,
            *(rest(pair) for pair in pairs),
            *self.rests,
            *fading,
            *elsewhere[:MOST_ELSEWHERE],
        ]
        terms = [
            *once,
            *([] if self.kept else [ast.Constant(1)]),
            *(product(a, b) for a in [*shares, *rests] for b in values),
            *(product(a, product(b, b)) for a in rests for b in values if not squares(function)),
        ]
        unused = [ast.Name(name, ast.Load()) for name in sorted(self.unread)]
        roots = [ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "sqrt", ast.Load()), [one], [])
                 for name in self.numpy for one in unused]  # fmt: skip
        bounded = [ast.BinOp(root, ast.Add(), one) for root in roots for one in self.idle if is_own(one)]
        factors = [*factors, *roots, *bounded]
        return (
            unique(factors),
            unique(terms),
            unique([*once, *(product(a, b) for a in self.idle for b in values)]),
            pairs,
        )

    def updates_of(self, function):
        """Yield updates of an entry that is kept and never computed here, by a share that nothing is multiplied by."""
        sums = {text(t) for n in walk(function) if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp)
                for t in n.targets}  # fmt: skip
        sums |= {text(n.target) for n in walk(function) if isinstance(n, ast.AugAssign)}
        kept = [n for n in self.kept if isinstance(n, ast.Subscript) and is_kept(n) and inside(n, function)]
        names = [ast.Name(name, ast.Load()) for name in self.locals if name in sums]
        for target in [n for n in kept if text(n) not in sums][:2]:
            now = loaded(target)
            for share in [n for n in self.idle if is_own(n)][:2]:
                for value in names[:MOST_SHARES]:
                    for taken in (value, product(rest(share), value)):
                        yield target, ast.BinOp(product(share, now), ast.Add(), taken)

    def left_out(self, tree, nodes, chain):
        """The calls, with all their arguments but the first, and the keywords of calls, that may have been left out."""
        calls, short = [n for n in nodes if isinstance(n, ast.Call)], {wrapper_text(n) for n in self.wrappers}
        defined = unique(self.calls_of(tree, chain), key=wrapper_text)
        self.own = [n for n in defined if is_own(n.func)]
        self.whole = [n for n in defined[:MOST_WHOLE] if wrapper_text(n) not in short]
        known = short | {wrapper_text(n) for n in self.whole}
        longer = sorted((n for n in calls if self.takes_more(n)), key=lambda n: not inside(n, self.function))
        others = list({wrapper_text(n): n for one in longer for n in (one, *swaps(one, self))}.values())
        self.longer = [*self.whole, *[n for n in others if wrapper_text(n) not in known][:MOST_LONGER]]
        self.parameters = {f.name: [a.arg for a in (*f.args.args, *f.args.kwonlyargs) if a.arg != "self"]
                           for f, _ in functions(tree)}  # fmt: skip
        self.keywords = {}
        for call in calls:
            for keyword in (k for k in call.keywords if k.arg and self.knows(k.value)):
                self.keywords.setdefault(last_name(call), {}).setdefault(text(keyword), keyword)

    def asks_a_value(self, call):
        """Return whether a call is one of a method that numbers have: x.copy(), x.reshape(shape)."""
        match call.func:
            case ast.Attribute(ast.Name(name), method):
                return method in METHODS and name not in self.globals
            case ast.Attribute(_, method):
                return method in METHODS
        return False

    def takes_more(self, call):
        """Return whether a call takes more than one argument, of which all but the first are known here."""
        others, base = [*call.args[1:], *(k.value for k in call.keywords)], call.func
        while isinstance(base, ast.Attribute):
            base = base.value
        if not (call.args and others and isinstance(base, ast.Name)) or base.id in self.readable:
            return False
        plain = len(text(call)) < 80 and not any(isinstance(n, ast.Starred) for n in others)
        return plain and last_name(call) not in NO_WRAPS and all(map(self.knows, [call.func, *others]))

    def calls_of(self, tree, chain):
        """Calls of the functions, methods and callable classes of this file, other arguments filled with what is here.

        An argument that may be left out is given where its name is known here, and left out as well.
        """
        known = []
        if "self" in [a.arg for a in self.function.args.args[:1]]:
            heirs = [c for c in tree.body if isinstance(c, ast.ClassDef) and set(ancestry(tree, c)) & set(chain)]
            methods = {n.name: n for c in (*heirs, *reversed(chain)) for n in c.body if isinstance(n, FUNCTIONS)}
            methods = [n for n in methods.values() if not n.name.startswith("__") and not n.decorator_list]
            known += [(of_self(n.name), n.args, 1) for n in methods if n is not self.function]
        known += [(ast.Name(n.name, ast.Load()), n.args, 0) for n in tree.body if isinstance(n, FUNCTIONS)]
        for one in (n for n in tree.body if isinstance(n, ast.ClassDef) and n not in chain):
            bodies = {n.name: n for c in reversed(ancestry(tree, one)) for n in c.body if isinstance(n, FUNCTIONS)}
            if "__call__" in bodies and "__init__" not in bodies:
                made = ast.Call(ast.Name(one.name, ast.Load()), [], [])
                known.append((made, bodies.get("forward", bodies["__call__"]).args, 1))
            for unread in sorted(self.unread):
                known[:0] = [(ast.Attribute(ast.Name(unread, ast.Load()), n.name, ast.Load()), n.args, UNREAD)
                             for n in bodies.values() if not n.name.startswith("__")]  # fmt: skip
        mine = [a.arg for a in self.function.args.args if a.arg != "self"]
        for function, arguments, bound in known:
            names = [a.arg for a in arguments.args[bool(bound) :]]
            if not names or text(function) == self.function.name:
                continue
            needed = len(names) - len(arguments.defaults)
            for given in dict.fromkeys((len(names), max(needed, 1))):
                others = mine[1:given] if len(mine) == len(names) else names[1:given]
                unknown = [name for name in others if name not in self.readable and name not in self.attributes]
                guesses = sorted(self.attributes) if len(unknown) == 1 and bound == UNREAD else []
                for filled in guesses if unknown else [""]:
                    known_as = [filled if name in unknown else name for name in others]
                    values = [ast.Name(o, ast.Load()) if o in self.readable else of_self(o) for o in known_as]
                    yield ast.Call(function, [ast.Constant(None), *values], [])
            if len(names) == 2 and names[0] in self.readable:
                yield ast.Call(function, [ast.Name(names[0], ast.Load()), VALUE], [])

    def made_of(self, one):
        """The object of a class whose fields all have names that are known here: State(mean, square)."""
        fields = [s.target.id for s in one.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
        if fields and set(fields) <= set(self.readable):
            yield ast.Call(ast.Name(one.name, ast.Load()), [ast.Name(name, ast.Load()) for name in fields], [])

    def never_read(self):
        """The names that the function sets and never reads: of an object, say, that was to be asked."""
        names = [n for n in walk(self.function) if isinstance(n, ast.Name)]
        return {n.id for n in names if is_stored(n)} - {n.id for n in names if not is_stored(n)}

    def asks_for(self, kept):
        """Return whether the function asks whether an attribute or an entry is there."""
        whole = kept.value if isinstance(kept, ast.Subscript) else kept
        known = {text(kept), text(whole)}
        tests = [n for n in walk(self.function) if isinstance(n, ast.Compare)]
        return any({text(n.left), *map(text, n.comparators)} & known for n in tests)

    def beginnings(self, kept):
        """Return what an attribute or an entry may be made of: what the class makes it of, or zeros like a number."""
        made = [n.value for n in self.assigned if any(text(t) == text(kept) for t in n.targets)]
        if any(isinstance(n, ast.Name) for n in made):
            return []  # an argument, or what was computed
        numbers = [loaded(n) for n in self.moved if isinstance(n, ast.Name) or n.attr == "data"][:MOST_SHARES]
        made += [ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "zeros_like", ast.Load()), [number], [])
                 for name in self.numpy for number in numbers]  # fmt: skip
        return unique([n for n in made if self.knows(n) and not isinstance(n, ast.Constant)])

    def owned(self):
        """The places of the object where something may be put: those that are set, and those that are only read."""
        awaited = [stored(of_self(name)) for name in sorted(self.awaited)]
        asked = [(n.func.value, n.args[0]) for n in walk(self.function) if isinstance(n, ast.Call) and n.args
                 and last_name(n) == "get" and is_own(getattr(n.func, "value", None))]  # fmt: skip
        entries = [ast.Subscript(held, key, ast.Store()) for held, key in asked]
        return unique([*self.kept, *(stored(a) for a in self.atoms if is_kept(a)), *awaited, *entries])

    def knows(self, node):
        """Return whether every name and every attribute of self in it exists here."""
        if not free_names(node) <= self.globals | BUILTINS | set(self.readable):
            return False
        return all(n.attr in self.attributes or n.attr in self.methods for n in walk(node) if is_own(n))

    def holds(self, path):
        """Return whether a path begins with something of this call: a change of a class would outlive the run."""
        while isinstance(path, ast.Attribute | ast.Subscript):
            path = path.value
        return isinstance(path, ast.Name) and (path.id == "self" or path.id in self.readable)

    def sets(self, node):
        """Return whether a statement could stand here: what it reads is known, or it sets it itself."""
        mine = {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if (mine - set(self.locals)) & (self.globals | BUILTINS | set(self.readable)):
            return False  # a name from outside would become a local one in the whole function
        before, self.readable = self.readable, [*self.readable, *mine]
        fits = self.knows(node)
        self.readable = before
        return fits


def idle(function, methods, names, by_name):
    """The settings of a class, and the names of a function, that are kept and never computed with."""
    switches = {id(n.left) for n in walk(function) if isinstance(n, ast.Compare) and number_of(n.comparators[0]) == 0}
    used = {n.id for n in walk(function) if is_read(n) and id(n) not in switches}  # `momentum != 0` computes nothing
    left = [ast.Name(name, ast.Load()) for name in names if name not in used]
    makers = [n for n in methods if isinstance(n, FUNCTIONS) and n.name == "__init__"]
    others = [m for m in methods if isinstance(m, FUNCTIONS) and m not in makers]
    made = {n.attr for m in makers for n in walk(m) if is_own(n) and is_stored(n)} | by_name
    asked = {id(n) for m in others for t in walk(m) if hasattr(t, "test") for n in walk(t.test)}
    asked |= {id(n) for m in others if m.name.startswith("has_") for n in walk(m)}
    touched = {n.attr for m in others for n in walk(m) if is_own(n) and id(n) not in asked}
    touched |= {n.attr for m in makers for n in walk(m) if is_own(n) and not is_stored(n)}
    return left + [of_self(name) for name in sorted(made - touched)]


def computed(function):
    """The paths of a function that take part in arithmetic, or come out of it."""
    found = []
    for node in walk(function):
        match node:
            case ast.BinOp(left, _, right):
                found += [left, right]
            case ast.AugAssign(target, _, value):
                found += [target, value]
            case ast.Assign([target, *_], ast.BinOp()):
                found.append(target)
            case ast.Call(ast.Attribute(), arguments):
                found += arguments
    return unique([loaded(n) for n in found if is_path(n) and getattr(n, "attr", "") != "dtype"])


def squares(function):
    """Return whether a function squares something."""
    for node in walk(function):
        match node:
            case ast.BinOp(left, ast.Mult(), right) if same(left, right):
                return True
            case ast.BinOp(_, ast.Pow(), ast.Constant(2)) | ast.Call(ast.Attribute(_, "square")):
                return True
    return False


def counted(function):
    """The paths that a function counts up by one."""
    found = [loaded(n.target) for n in walk(function) if isinstance(n, ast.AugAssign) and text(n.value) == "1"]
    return unique([n for n in found if is_path(n)])


def shares_in(path, function):
    """Return whether something is multiplied by a path, or by 1 less it, in a function."""
    wanted = {text(path), text(rest(path))}
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult) and {text(n.left), text(n.right)} & wanted
               for n in walk(function))  # fmt: skip


def rest(node):
    return ast.BinOp(ast.Constant(1), ast.Sub(), node)


def is_share_of_kept(node):
    """Return whether a node is a share of what the object keeps in an entry: self.beta1 * self.m[i]."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)) or len(text(node)) > 80:
        return False
    other = node.right.func if isinstance(node.right, ast.Call) else node.right
    return is_path(node.left) and isinstance(other, ast.Subscript | ast.Attribute) and is_kept(other.value)


def is_rest(node):
    """Return whether a node is 1 less something that is computed."""
    match node:
        case ast.BinOp(ast.Constant(1), ast.Sub(), right):
            return not is_path(right)
    return False


def product(one, other):
    return ast.BinOp(one, ast.Mult(), other)


def of_self(name):
    return ast.Attribute(ast.Name("self", ast.Load()), name, ast.Load())


def is_own(node):
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def is_kept(target):
    """Return whether a target is state of the object: self.x, or an entry of it."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return is_own(target)


def defined(node):
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in node.names]
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return [node.name]
    return [n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def is_made_once(statement):
    """Return whether a statement of a class makes a list, a dictionary or another object, under one name."""
    value = getattr(statement, "value", None)
    named = isinstance(statement, ast.Assign | ast.AnnAssign) and len(defined(statement)) == 1
    return named and value is not None and any(isinstance(n, MADE) for n in walk(value))


def ancestry(tree, owner):
    """A class and its bases in this file."""
    known = {n.name: n for n in walk(tree) if isinstance(n, ast.ClassDef)}
    found, todo = [], [owner] if owner else []
    while todo:
        one = todo.pop()
        if one not in found:
            found.append(one)
            todo += [known[text(b)] for b in one.bases if text(b) in known]
    return found


def number_of(node):
    """The number that a node is, -1 as well, or None."""
    match node:
        case ast.Constant(value) if is_number(value):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if is_number(value):
            return -value
    return None


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_path(node):
    """A name, an attribute or an entry, whole: not the beginning of a longer one."""
    if not isinstance(node, PATHS) or (isinstance(node, ast.Name) and node.id in ("self", "np", "super", "cls")):
        return False
    above = getattr(node, "parent", None)
    longer = isinstance(above, ast.Attribute | ast.Subscript) and above.value is node
    if longer and isinstance(above, ast.Attribute) and is_called(above):
        # What belongs to the object, and an array, end where the method's name begins: self.m.get(i), x.data.ravel().
        longer = not is_kept(node) and not (isinstance(node, ast.Attribute) and above.attr in (*SUMS, *SHAPES))
    plain = not any(isinstance(n, ast.Slice | ast.BinOp) for n in walk(node))
    return plain and not longer


def is_called(node):
    above = getattr(node, "parent", None)
    return isinstance(above, ast.Call) and above.func is node


EMPTY = ("{}", "[None] * len(self.params)", "0", "None", "[]")  # what a constructor may begin with
WRAPS = (lambda node: node, lambda node: ast.Call(ast.Name("list", ast.Load()), [node], []))


def copies(listed):
    """A list of copies of what is in a list."""
    return parsed(f"[one if one is None else one.copy() for one in {listed}]")


def parsed(code):
    return ast.parse(code, mode="eval").body


TWINS = (("1", "2"), ("m", "v"))


def swaps(node, scope):
    """An expression with beta1 for beta2, or m for v, where both are known; and with all of them exchanged at once."""
    named = {n.attr if isinstance(n, ast.Attribute) else n.id for n in walk(node) if isinstance(n, PATHS[:2])}
    known, every = scope.attributes | set(scope.readable), {}
    for name in sorted(named & known):
        for one, other in (*TWINS, *(twins[::-1] for twins in TWINS)):
            twin = name.replace(one, other, 1)
            if twin != name and twin in known:
                every.setdefault(name, twin)
                yield renamed(node, {name: twin})
    if len(every) > 1:
        yield renamed(node, every)


def renamed(node, twins):
    new = clone(node)
    for n in walk(new):
        if getattr(n, "id", None) in twins:
            n.id = twins[n.id]
        if getattr(n, "attr", None) in twins:
            n.attr = twins[n.attr]
    return new


def replaced(node, others):
    """A copy with other nodes in the place of some, by their ids."""
    if isinstance(node, list):
        return [replaced(n, others) for n in node]
    if not isinstance(node, ast.AST) or id(node) in others:
        return others.get(id(node), node)
    return ast.copy_location(
        type(node)(**{name: replaced(value, others) for name, value in ast.iter_fields(node)}), node
    )


def inside(node, function):
    while node is not None:
        if node is function:
            return True
        node = getattr(node, "parent", None)
    return False


def small(node):
    changing = (*FUNCTIONS, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)  # these change the function
    return len(text(node)) < 300 and not any(isinstance(n, changing) for n in walk(node))


def wraps(node):
    """Calls of one argument that make something of it: list(x), np.sqrt(x)."""
    named = text(node.func)
    if named.startswith(("super", "isinstance", "len", "range", "print")) or named.endswith(("Error", ".append")):
        return False
    return len(node.args) == 1 and not node.keywords and isinstance(node.func, ast.Name | ast.Attribute)


def on_a_value(call):
    """The call of a method, of no value yet."""
    return ast.Call(ast.Attribute(VALUE, call.func.attr, ast.Load()), call.args, call.keywords)


def wrapper_text(call):
    if getattr(call.func, "value", None) is VALUE or call.args[-1:] == [VALUE]:
        return text(call)
    return ", ".join(map(text, [call.func, *call.args[1:], *call.keywords]))


def sorted_by(names, known, arguments):
    """The arguments of a call with those that bear the name of a parameter at its place, the others between them."""
    others = iter([one for one in arguments if one not in known.values()])
    order = [known.get(name) or next(others, None) for name in names[: len(arguments)]]
    return arguments if None in order else order


def last_name(call):
    return getattr(call.func, "attr", None) or getattr(call.func, "id", "")


NO_WRAPS = ("isinstance", "hasattr", "getattr", "setattr", "zip", "range", "print", "super", "enumerate", "vectorize")


def wrapped(call, node):
    if getattr(call.func, "value", None) is VALUE:
        return ast.Call(ast.Attribute(node, call.func.attr, ast.Load()), call.args, call.keywords)
    if call.args[-1] is VALUE:
        return ast.Call(call.func, [*call.args[:-1], node], call.keywords)
    return ast.Call(call.func, [node, *call.args[1:]], call.keywords)


def numpy_names(tree):
    """The name that NumPy has in this file, if any."""
    names = [a.asname or a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names if a.name == "numpy"]
    return names[:1]


def general_calls(tree):
    """Calls that anybody might have forgotten, by the name that NumPy has in this file."""
    made = [f"{name}.{function}(x)" for name in numpy_names(tree) for function in ("sqrt", "square", "array", "abs")]
    return [ast.parse(code, mode="eval").body for code in [*made, "list(x)"]]


def loaded(node):
    if isinstance(node.ctx, ast.Load):
        return node
    other = copy.copy(node)
    other.ctx = ast.Load()
    return other


def unique(nodes, key=None):
    return list({(key or text)(n): n for n in reversed(list(nodes))}.values())[::-1]


# ------------------------------------------------------------------------------------------------------ the plan
class Plan:
    """All edits of some functions, in a fixed order, and the places of the tree where each acts."""

    def __init__(self, tree, covered, *, rich, refused=False, given=()):
        """Collect the edits of what ran.

        `refused`: a TypeError ended the run, perhaps because a function that never ran takes other arguments.
        `given`: names that the module has, whether the file sets them or not.
        """
        self.tree, self.covered, self.rich = tree, covered, rich
        self.inside_of = ""  # what a loop goes over, or what a constructor keeps of its arguments: the kind of an edit
        self.extra = 0  # of the cost of what is edited
        self.edits, self.expressions, self.statements, self.insertions = [], {}, {}, {}
        self.settled = set()  # classes whose constants have been changed
        for function, owner in functions(tree):
            if rich and function.name == "__init__":
                continue  # nothing is computed there
            if any(line in covered for line in range(function.body[0].lineno, function.end_lineno + 1)):
                self.scope = Scope(tree, function, owner, given)
                if function.name == "__init__" and owner is not None:
                    self.scope.awaited = self.unset_by_heirs(function, owner)
                self.signature(function, owner)
                self.block(function.body)
                self.returned(function)
                if not rich:
                    self.misnamed(function, owner)
                    self.unread(function)
                    self.of_one_for_all(function, owner)
                    self.of_class(owner)
            elif refused and not rich:
                self.scope = Scope(tree, function, owner, given)
                self.optional(function)

    def misnamed(self, function, owner):
        """Renames what is read in many places and set nowhere: in all of them at once, by a name that is set."""
        mine, owned, known = self.owned(function, owner)
        if function.name == "__init__":
            self.decided(function, owner)
            self.unset(function, sorted({n.attr for n in owned} - known | self.scope.awaited))
            self.shared(function, owner)
        loose = [n for n in own_nodes(function) if isinstance(n, ast.Name) and n.id in self.scope.loose]
        for name in sorted({n.attr for n in owned} - known) if known and function is mine[0] else ():
            self.everywhere([n for n in owned if n.attr == name], [of_self(other) for other in sorted(known)])
        for name in sorted({n.id for n in loose}):
            others = [ast.Name(other, ast.Load()) for other in self.scope.readable]
            others += [of_self(name)] if name in known else []
            self.everywhere([n for n in loose if n.id == name], others)

    def of_class(self, owner):
        """Constants that a class sets for all its objects, its heirs' among them."""
        if owner is None:
            return
        for one in (n for n in self.tree.body if isinstance(n, ast.ClassDef) and owner in ancestry(self.tree, n)):
            values = [s.value for s in one.body if isinstance(s, ast.Assign | ast.AnnAssign)]
            for value in (v for v in values if isinstance(v, ast.Constant) and one not in self.settled):
                self.constant(value, static=True)
            if one not in self.settled:
                self.of_fields(one)
            self.settled.add(one)

    def of_fields(self, one):
        """Fields of a class by the name of what its objects are asked for and nobody begins."""
        makers = [f for f in one.body if isinstance(f, FUNCTIONS) and f.name == "__init__"]
        begun = {n.attr for f in makers for n in walk(f) if is_own(n)} | {name for n in one.body for name in defined(n)}
        asked = {n.attr for f in one.body if isinstance(f, FUNCTIONS) for n in walk(f) if is_own(n)}
        for statement in (s for s in one.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)):
            for name in sorted(asked - begun - {f.name for f in one.body if isinstance(f, FUNCTIONS)}):
                target = ast.Name(name, ast.Store())
                new = ast.AnnAssign(target, statement.annotation, statement.value, statement.simple)
                self.instead(statement, [new], "name", 1, static=True)

    def unread(self, function):
        """Reads from the object, before it is computed with, what is put back there: m, v = self.moments.get(i, …)."""
        stores = [n for n in walk(function) if isinstance(n, ast.Name) and is_stored(n)]
        for statement in walk(function):
            match statement:
                case ast.Assign([ast.Subscript(kept, key) as target], ast.Tuple(parts)) if is_kept(target):
                    names = [part.id for part in parts if isinstance(part, ast.Name)]
                case ast.Assign([ast.Subscript(kept, key) as target], ast.Name(name)) if is_kept(target):
                    parts, names = [statement.value], [name]
                case _:
                    continue
            block = block_of(statement)
            reading = [n for n, s in enumerate(block) if {x.id for x in walk(s) if is_read(x)} & set(names)]
            earlier = {n.id for n in stores if n.lineno < block[reading[0]].lineno} if reading else set()
            if len(names) == len(parts) and reading and not earlier & set(names):
                left = [ast.Name(name, ast.Store()) for name in names]
                target = ast.Tuple(left, ast.Store()) if len(left) > 1 else left[0]
                empty = [ast.Constant(0.0) for _ in names]
                empty = ast.Tuple(empty, ast.Load()) if len(left) > 1 else empty[0]
                found = ast.Call(ast.Attribute(loaded(kept), "get", ast.Load()), [key, empty], [])
                for value in (found, ast.Subscript(loaded(kept), key, ast.Load())):
                    self.insert(block, reading[0], [ast.Assign([target], value)], "statement", 2)

    def owned(self, function, owner):
        """The methods of a class, all places of the object in them, and the names of those that are set somewhere."""
        chain = ancestry(self.tree, owner)
        mine = [f for f, around in functions(self.tree) if around is not None and around in chain] or [function]
        places = [n for f in mine for n in walk(f) if is_own(n)]
        known = {n.attr for n in places if is_stored(n)} | self.scope.methods
        return mine, places, known | {name for c in chain for n in c.body for name in defined(n)}

    def unset_by_heirs(self, function, owner):
        """The arguments of a constructor that only heirs of its class read from the object, and that nobody sets."""
        heirs = [n for n in self.tree.body if isinstance(n, ast.ClassDef) and owner in ancestry(self.tree, n)[1:]]
        read = set()
        for heir in heirs:
            _, owned, known = self.owned(function, heir)
            read |= {n.attr for n in owned} - known
        return read & {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}

    def unset(self, function, names):
        """Sets in the constructor what a class reads and never sets: to its arguments, or to nothing yet."""
        order = [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
        given = [name for name in names if name in order]
        place = len(function.body)
        if given and len(given) == len(names):
            earlier = set(order[: order.index(given[0])]) - {"self"}
            place = max((n + 1 for n, s in enumerate(function.body) if free_names(s) & earlier), default=place)
        for wrap in WRAPS if given else WRAPS[:1]:
            for empty in EMPTY if len(given) < len(names) else EMPTY[:1]:
                values = {name: wrap(ast.Name(name, ast.Load())) if name in given else parsed(empty) for name in names}
                new = [ast.Assign([stored(of_self(name))], value) for name, value in values.items()]
                if new:
                    self.insert(function.body, place, new, "statement", 2)

    def decided(self, function, owner):
        """Decides otherwise in a constructor what a parent decides for all its heirs: self.decoupled = True."""
        parents = [s for c in ancestry(self.tree, owner)[1:] for s in c.body if isinstance(s, ast.Assign)]
        for statement in (s for s in parents if isinstance(getattr(s.value, "value", None), bool)):
            for name in defined(statement):
                new = [ast.Assign([stored(of_self(name))], ast.Constant(not statement.value.value))]
                self.insert(function.body, len(function.body), new, "statement", 2)

    def shared(self, function, owner):
        """Makes in the constructor what is made once for all objects: by their class, or as a default."""
        heirs = [n for n in self.tree.body if isinstance(n, ast.ClassDef) and owner in ancestry(self.tree, n)]
        once = [s for heir in heirs for s in heir.body if is_made_once(s)]
        for some in [*([one] for one in once), *([once] if once[1:] else [])]:
            new = [ast.Assign([stored(of_self(defined(one)[0]))], one.value) for one in some]
            self.insert(function.body, 0, new, "statement", 1, self.add(some[0], "statement", 1))
        for around in {id(n): n for one in heirs for n in ancestry(self.tree, one)}.values():
            asked = [n for n in walk(self.tree) if isinstance(n, ast.Attribute) and text(n.value) == around.name]
            for name in sorted({n.attr for n in asked if isinstance(n.parent, ast.AugAssign)}):
                self.of_each([n for n in asked if n.attr == name])
        arguments = function.args
        named = list(zip([a.arg for a in arguments.args][::-1], arguments.defaults[::-1], strict=False))
        shared = [pair for pair in named if any(isinstance(n, MADE) for n in walk(pair[1]))]
        for some in [*([pair] for pair in shared), *([shared] if shared[1:] else [])]:
            new = [ast.Assign([ast.Name(name, ast.Store())], default) for name, default in some]
            self.insert(function.body, 0, new, "default", 1, self.add(some[-1][1], "default", 1))

    def of_one_for_all(self, function, owner):
        """Keeps for each parameter what a loop over them keeps once for all: one attribute of the object, or all."""
        chain = ancestry(self.tree, owner)
        made = [f for f, around in functions(self.tree) if around in chain and f.name == "__init__"]
        for loop in (n for n in walk(function) if isinstance(n, ast.For)):
            around = next((n for n in walk(loop.iter) if is_own(n) and not is_called(n)), None)
            target = loop.target.elts[-1] if isinstance(loop.target, ast.Tuple) else loop.target
            inner = [n for s in loop.body for n in walk(s) if is_own(n)]
            names = dict.fromkeys(n.attr for n in inner if is_stored(n) and not isinstance(n.parent, ast.AugAssign))
            begun = {name: [f for f in made if any(n.attr == name and is_stored(n) for n in walk(f) if is_own(n))]
                     for name in names}  # fmt: skip
            names = [name for name in names if begun[name]]
            if around is None or not isinstance(target, ast.Name) or not names:
                continue
            for some in [*([name] for name in names), *([names] if names[1:] else [])]:
                key = ast.Call(ast.Name("id", ast.Load()), [ast.Name(target.id, ast.Load())], [])
                places = [n for n in inner if n.attr in some]
                number = self.add(next(n for n in places if is_stored(n)), "statement", 2.5)
                for node in (n for n in places if not isinstance(statement_of(n), SIMPLE)):
                    self.expressions.setdefault(id(node), []).append((number, ast.Subscript(node, key, ast.Load())))
                for statement in {
                    id(one): one for one in map(statement_of, places) if isinstance(one, SIMPLE)
                }.values():
                    new = [replaced(statement, {id(n): ast.Subscript(loaded(n), key, n.ctx) for n in places})]
                    self.statements.setdefault(id(statement), []).append((number, new))
                for name in some:
                    first = parsed(f"{{id(one): self.{name} for one in {text(around)}}}")
                    new = [ast.Assign([stored(of_self(name))], first)]
                    body = begun[name][0].body
                    self.insertions.setdefault((id(body), len(body)), []).append((number, new))

    def of_each(self, nodes):
        """Reads and counts for each object what is counted for its class: everywhere at once."""
        number = self.add(nodes[0], "name", 1)
        for node in nodes:
            own, above = of_self(node.attr), node.parent
            if not is_stored(node):
                self.expressions.setdefault(id(node), []).append((number, own))
            elif isinstance(above, ast.AugAssign):
                new = ast.AugAssign(stored(own), above.op, above.value)
                self.statements.setdefault(id(above), []).append((number, [new]))

    def everywhere(self, nodes, others):
        for other in others if len(nodes) > 1 and not self.full() else ():
            number = self.add(nodes[0], "name", 1, static=False)
            for node in nodes:
                self.expressions.setdefault(id(node), []).append((number, other))

    def keep(self, numbers):
        """Drops the other edits; the numbers stay."""
        for places in (self.expressions, self.statements, self.insertions):
            for others in places.values():
                others[:] = [entry for entry in others if entry[0] in numbers]

    def full(self):
        """Return whether there are as many edits as one search may try."""
        return len(self.edits) >= MOST_EDITS

    def add(self, node, kind, cost, *, static=False):
        edit = Edit(len(self.edits) + 1, node, kind, cost, static)
        self.edits.append(edit)
        return edit.number

    def replace(self, node, new, kind, cost, *, static=False, at=None):
        if not self.full() and not same(new, node):
            number = self.add(at or node, self.inside_of or kind, cost + self.extra, static=static)
            self.edits[-1].anchor = node
            self.expressions.setdefault(id(node), []).append((number, new))

    def instead(self, statement, new, kind, cost, *, static=False):
        if self.full() or (jumps(new) and not isinstance(in_loop(statement.parent), ast.For)):
            return
        self.statements.setdefault(id(statement), []).append((self.add(statement, kind, cost, static=static), new))

    def insert(self, block, place, new, kind, cost, number=None):
        """Puts statements before block[place]; the line told is the one above the gap."""
        if (self.full() and number is None) or (jumps(new) and not isinstance(in_loop(block[0].parent), ast.For)):
            return
        if number is None:
            late = isinstance(new[0], ast.If) or (isinstance(new[0], ast.Assign) and not is_kept(new[0].targets[0]))
            cost -= 0.01 * place if late else 0  # beside its use: what is only used stands as late as it can
            above = block[place - 1] if place else block[0]
            below = is_docstring(above) and place < len(block)
            number = self.add(block[place] if below else above, kind, cost)
            edit = self.edits[-1]
            if place and not below:
                edit.line = edit.end = above.end_lineno
            else:
                edit.end = edit.line
        self.insertions.setdefault((id(block), place), []).append((number, new))

    def ran(self, statement):
        return any(line in self.covered for line in range(statement.lineno, head_end(statement) + 1))

    # ------------------------------------------------------------------------------------------- the signature
    def signature(self, function, owner):
        """Defaults, which stand when the file is imported, and the order of arguments."""
        arguments = function.args
        self.defaults(arguments)
        names, defaults = arguments.args, arguments.defaults
        for donor in (f for f, _ in functions(self.tree) if f is not function and f.name == function.name):
            if donor.args.defaults and len(donor.args.args) == len(names):
                other = copy.copy(function)
                other.args = copy.copy(arguments)
                other.args.defaults = donor.args.defaults
                self.instead(function, [other], "argument", 2, static=True)
        self.optional(function)
        for n in range(len(names) - len(defaults), len(names) - 1):
            other = copy.copy(function)
            other.args = copy.copy(arguments)
            k = n - (len(names) - len(defaults))
            other.args.args = exchanged(names, n)
            other.args.defaults = exchanged(defaults, k)
            self.instead(function, [other], "argument", 2, static=True)

    def optional(self, function):
        """Gives the last argument without a default one."""
        names, defaults = function.args.args, function.args.defaults
        for value in (*self.scope.constants, ast.Constant(value=None)) if len(names) - len(defaults) > 1 else ():
            other = copy.copy(function)
            other.args = copy.copy(function.args)
            other.args.defaults = [value, *defaults]
            self.instead(function, [other], "argument", 1, static=True)

    def returned(self, function):
        """Puts a `return` at the end of a function that gives nothing back, or whose last statement sets something."""
        answers = [n.value for n in own_nodes(function) if isinstance(n, ast.Return)]
        says = any(n is not None and not (isinstance(n, ast.Constant) and n.value is None) for n in answers)
        ends = isinstance(function.body[-1], ast.Assign | ast.AugAssign | ast.Pass)
        if (ends or not says) and function.name != "__init__" and not self.rich:
            for answer in [*self.answers(), *self.handed_on(function)]:
                self.insert(function.body, len(function.body), [ast.Return(answer)], "statement", 3)

    def defaults(self, arguments):
        for default in [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]:
            for node in walk(default):
                if isinstance(node, ast.Constant) or number_of(node) is not None:
                    if number_of(node.parent) is None:
                        self.constant(node, "default", static=True)
                elif isinstance(node, ast.UnaryOp) or node is default:
                    for other in (*self.scope.constants, ast.Constant(None)):
                        self.replace(node, other, "default", 1, static=True)

    def handed_on(self, function):
        """Calls of the object's other methods with the arguments of this one."""
        mine = [ast.Name(a.arg, ast.Load()) for a in function.args.args if a.arg != "self"]
        return [wrapped(call, mine[0]) for call in self.scope.own if mine]

    def answers(self):
        """The values that may have been meant to be returned, and the question whether they are there."""
        atoms = self.scope.atoms
        return [*atoms, *(ast.Compare(atom, [ast.NotEq()], [ast.Constant(0)]) for atom in atoms if is_own(atom))]

    # --------------------------------------------------------------------------------------------- statements
    def block(self, block):
        for place, statement in enumerate(block):
            if not self.ran(statement):
                self.too_late(block, place)
                continue
            if self.rich:
                self.gap(block, place)
            self.inside(statement)
            for inner in () if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) else blocks(statement):
                self.block(inner)
            self.whole(block, place, statement)
            if not self.rich:
                self.given(block, place)
                self.begun(block, place)
        if block and self.ran(block[-1]) and not isinstance(block[-1], ast.Return | ast.Raise | ast.Continue):
            if self.rich:
                self.gap(block, len(block))
            else:
                self.given(block, len(block))

    def too_late(self, block, place):
        """Moves up a statement that what stands above it kept from being reached."""
        first = next((n for n, s in enumerate(block) if self.ran(s)), place)
        for other in () if self.rich or isinstance(block[place], ast.Return) else range(first, place):
            self.move(block[place], block, other)

    def given(self, block, place):
        """Statements that the file has elsewhere: best of all below what they stand below there."""
        above = text(block[place - 1]) if place else ""
        for donor in self.scope.absent:
            self.insert(block, place, [donor], "statement", 2.9 if above and above == text_above(donor) else 3)

    def begun(self, block, place):
        """Makes what is kept where it is not there yet, before the statement that first asks for it."""
        read = [n for n in walk(block[place]) if isinstance(n, ast.Attribute | ast.Subscript) and is_kept(n)]
        asked = unique([loaded(n) for n in read if isinstance(n, ast.Subscript) or not isinstance(n.ctx, ast.Store)])
        for kept in asked if isinstance(block[place], SIMPLE) else ():
            if self.scope.asks_for(kept) or is_called(kept):
                continue
            tests = [ast.Compare(kept, [ast.Is()], [ast.Constant(None)])]
            if isinstance(kept, ast.Subscript) and not isinstance(kept.slice, ast.Slice):
                tests.append(ast.Compare(kept.slice, [ast.NotIn()], [kept.value]))
            for value in self.scope.beginnings(kept):
                for test in tests:
                    self.insert(block, place, [ast.If(test, [ast.Assign([stored(kept)], value)], [])], "statement", 2.5)

    def gap(self, block, place):
        """Statements that are missing, made of what is in scope: stores, counts, and what uses an idle setting."""
        names = [ast.Name(name, ast.Load()) for name in self.scope.readable]
        entries = [n for n in self.scope.owned() if isinstance(n, ast.Subscript) and n not in self.scope.kept]
        for target in [*self.scope.kept, *entries]:
            for value in names:
                if value.id not in free_names(target):
                    self.insert(block, place, [ast.Assign([stored(target)], value)], "statement", 4)
            if not isinstance(target, ast.Subscript):
                self.insert(block, place, [ast.AugAssign(stored(target), ast.Add(), ast.Constant(1))], "statement", 4)
        if not self.scope.idle:
            return
        for target, value in self.scope.updates:
            self.insert(block, place, [ast.Assign([stored(target)], value)], "statement", 4.5)
        inner = isinstance(in_loop(block[0].parent), ast.For) or not any(isinstance(s, ast.For) for s in block)
        for target in self.scope.moved if inner else ():
            now = loaded(target)
            values = [product(now, factor) for factor in self.scope.missing_factors]
            pulls = [*self.scope.missing_pulls, *(product(pair, now) for pair in self.scope.pairs)]
            values += [ast.BinOp(now, op, pull) for pull in pulls for op in (ast.Add(), ast.Sub())]
            for value in values:
                cost = 4 + 0.1 * sum(tokens(value).values())
                self.insert(block, place, [ast.Assign([target], value)], "statement", cost)

    def inside(self, statement):
        self.extra = 0 if acts(statement) else HANDING
        for field, value in ast.iter_fields(statement):
            if field in ("body", "orelse", "handlers", "finalbody", "decorator_list", "returns", "annotation"):
                continue
            looping = isinstance(statement, ast.For) and field == "iter"
            self.inside_of = "loop" if looping else "argument" if self.keeps(statement) else ""
            if field == "test" and asks_for_none(value):
                self.inside_of = "condition"
            if looping:
                self.looped(statement.target, statement.iter)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.expr):
                    self.expression(child)
                elif isinstance(child, ast.withitem):
                    self.expression(child.context_expr)
            self.inside_of = ""
        self.extra = 0
        if isinstance(statement, ast.If) and not self.rich:
            self.condition(statement.test)

    def looped(self, target, over):
        """Goes over two or three things side by side, or counts, where several names are set in each turn."""
        match target, over:
            case ast.Tuple(names), ast.Call(ast.Name("zip"), [*given]) if 1 <= len(given) < len(names):
                self.beside(over, given, len(names))
            case ast.Tuple([_, _] as names), _ if not isinstance(over, ast.Call) or not acts_as_loop(over):
                self.replace(over, ast.Call(ast.Name("enumerate", ast.Load()), [over], []), "loop", 1)
                self.beside(over, [over], len(names))

    def beside(self, over, given, count):
        """The zip of what is given and of one thing more that this function knows, at each place."""
        for atom in self.scope.atoms if count == len(given) + 1 else ():
            for place in range(len(given), -1, -1):
                if text(atom) not in map(text, given):
                    listed = [*given[:place], atom, *given[place:]]
                    self.replace(over, ast.Call(ast.Name("zip", ast.Load()), listed, []), "loop", 1)

    def keeps(self, statement):
        """Return whether a constructor keeps one of its arguments by this statement, as it is."""
        match statement:
            case ast.Assign([target], ast.Name()):
                return self.scope.function.name == "__init__" and is_own(target)
        return False

    def condition(self, test):
        """The test of a branch as others of this file, turned, or the question whether something is there yet."""
        constant = isinstance(test, ast.Constant)
        others = [(other, 1) for other in self.scope.conditions]
        for atom in self.scope.atoms:
            others += [(ast.Compare(atom, [op], [ast.Constant(None)]), 1.2) for op in (ast.Is(), ast.IsNot())]
            others += [(ast.Compare(atom, [ast.NotEq()], [ast.Constant(0)]), 1.2)] if constant else []
            others += [(one, 1.3) for one in (atom, ast.UnaryOp(ast.Not(), atom)) if constant and is_own(atom)]
        entries = [n for n in walk(test.parent) if constant and isinstance(n, ast.Subscript) and self.scope.knows(n)]
        for entry in unique([n for n in entries if not isinstance(n.slice, ast.Slice)]):
            others += [(ast.Compare(entry.slice, [op], [entry.value]), 1.1) for op in (ast.In(), ast.NotIn())]
        flags = [n for n in self.scope.conditions if text(n) not in text(test)]
        for other in () if constant else (*flags, *(ast.UnaryOp(ast.Not(), n) for n in flags if not is_not(n))):
            others += [(ast.BoolOp(op, [test, other]), 2) for op in (ast.And(), ast.Or())]
        questions = [n for n in self.scope.donors if isinstance(n, ast.Compare | ast.BoolOp)]
        others += [(other, 1.1) for other in questions if constant]
        for method in sorted(self.scope.methods) if constant else ():
            asked = ast.Call(of_self(method), [], [])
            others += [(asked, 1.2), (ast.UnaryOp(ast.Not(), asked), 1.3)] if not method.startswith("__") else []
        if not constant:
            others.append((test.operand if is_not(test) else ast.UnaryOp(ast.Not(), test), 1))
            others += [(ast.Constant(value), 2) for value in (True, False)]
        for other, cost in others:
            self.replace(test, other, "condition", cost)

    def whole(self, block, place, statement):
        """The statement dropped, doubled, moved, turned, or as another function of this file has it."""
        if is_docstring(statement):
            return
        if self.rich:
            return
        if isinstance(statement, FUNCTIONS):
            return
        twice = any(s is not statement and text(s) == text(statement) for s in block)
        self.instead(statement, [ast.Pass()], "statement", 0.9 if twice else 2)
        if isinstance(statement, ast.If):
            self.instead(statement, statement.body, "condition", 2)
            self.apart(statement)
        if isinstance(statement, ast.Pass):
            self.turned(statement)
        if isinstance(statement, SIMPLE):
            self.turned(statement)
            self.moved(block, place, statement)
            self.exchanged(block, place)
            self.as_elsewhere(statement)
            self.guarded(block, place, statement)
            for guard in (n for n in self.scope.statements if isinstance(n, ast.If) and not n.orelse):
                held = ast.If(guard.test, [statement], [])
                if text(guard.test) not in text(statement.parent):
                    self.instead(statement, [held], "condition", 3)
        elif isinstance(statement, ast.If):
            self.as_elsewhere(statement)

    def apart(self, statement):
        """An `elif` or `else` that should have been no alternative: what stands there is done in any case."""
        if statement.orelse:
            number = self.add(statement.orelse[0], "condition", 1)
            new = [ast.If(statement.test, statement.body, []), *statement.orelse]
            self.statements.setdefault(id(statement), []).append((number, new))

    def guarded(self, block, place, statement):
        """Asks first whether what the statement above has fetched is there: this one overwrites it."""
        match block[max(0, place - 1) : place + 1]:
            case [ast.Assign([one]), ast.Assign([other])] if isinstance(one, PATHS) and text(one) == text(other):
                missing = ast.Compare(loaded(one), [ast.Is()], [ast.Constant(None)])
                self.instead(statement, [ast.If(missing, [statement], [])], "condition", 2)

    def turned(self, s):  # noqa: C901, PLR0912, PLR0915 - a list of kinds
        match s:
            case ast.AugAssign(target, op, value):
                for other in ARITHMETIC:
                    if not isinstance(op, other):
                        self.instead(s, [ast.AugAssign(target, other(), value)], "operator", 1)
                for atom in self.scope.kept if is_kept(target) else ():
                    if text(atom) != text(target):
                        self.instead(s, [ast.AugAssign(stored(atom), op, value)], "name", 1)
                self.instead(s, [ast.Assign([target], value)], "operator", 1)
                self.instead(s, [ast.Assign([target], ast.BinOp(loaded(target), op, value))], "copy", 0.5)
            case ast.Assign([ast.Name() | ast.Attribute() | ast.Subscript() as target], value):
                for op in (ast.Add, ast.Sub, ast.Mult):
                    self.instead(s, [ast.AugAssign(target, op(), value)], "operator", 1)
                self.elsewhere(s, target, value)
                beside = {text(t) for other in block_of(s) for t in getattr(other, "targets", [])}
                for twin in (n for n in self.scope.kept if is_kept(target) and type(n) is type(target)):
                    if text(twin) not in beside:
                        self.instead(s, [ast.Assign([stored(twin)], value), s], "statement", 2.5)
                whole = ast.Subscript(loaded(target), ast.Constant(value=...), ast.Store())
                self.instead(s, [ast.Assign([whole], value)], "copy", 2)
                for atom in self.scope.owned():
                    self.instead(s, [ast.Assign([stored(atom)], value)], "argument" if self.keeps(s) else "name", 1)
                parts = dict.fromkeys((*self.scope.parts, "data"))  # which nothing sets where every step forgets it
                known = [n for n in self.scope.atoms if isinstance(n, ast.Attribute) and n.attr in parts]
                for atom in (n for n in known if isinstance(target, ast.Name) and isinstance(n.value, ast.Name)):
                    self.instead(s, [ast.Assign([stored(atom)], value)], "name", 1)
                for part in parts if isinstance(target, ast.Name) else ():
                    whole = ast.Attribute(loaded(target), part, ast.Store())
                    self.instead(s, [ast.Assign([whole], value)], "name", 1)
                    if isinstance(value, ast.Call) and len(value.args) == 1:
                        self.instead(s, [ast.Assign([whole], value.args[0])], "name", 1.5)
                for name in (*self.scope.locals, *self.scope.loose) if isinstance(target, ast.Name) else ():
                    if name != target.id:
                        cost = 0.9 if name in self.scope.loose else 1  # what is read, and set nowhere
                        self.instead(s, [ast.Assign([ast.Name(name, ast.Store())], value)], "name", cost)
            case ast.Assign([_, _, *_] as targets, value):
                if isinstance(value, MADE):  # one object for all of them
                    self.instead(s, [ast.Assign([target], value) for target in targets], "copy", 1)
                for n in range(len(targets)):
                    self.instead(s, [ast.Assign([*targets[:n], *targets[n + 1 :]], value)], "name", 0.8)
            case ast.Assign([ast.Tuple(left)], value):
                for n in range(len(left) - 1):
                    self.assigned(s, exchanged(left, n), value)
                for n, part in enumerate(left):
                    known = set(map(text, left))
                    for name in (o for o in self.scope.locals if o not in known) if isinstance(part, ast.Name) else ():
                        self.assigned(s, [*left[:n], ast.Name(name, ast.Store()), *left[n + 1 :]], value)
                    for atom in self.scope.owned() if is_own(part) else ():
                        if text(atom) not in map(text, left):
                            self.assigned(s, [*left[:n], stored(atom), *left[n + 1 :]], value)
            case ast.Expr(ast.Call(ast.Attribute(ast.Attribute() | ast.Subscript() as path))) if self.scope.holds(path):
                self.instead(s, [ast.Assign([stored(path)], ast.Constant(None))], "statement", 2)
            case ast.Expr(ast.Call() as call):
                given = [a for a in call.args if isinstance(a, PATHS) and self.scope.holds(a)]
                stored_here = [n for n in self.scope.kept if inside(n, self.scope.function)]
                for target in unique([*map(stored, given), *stored_here]):
                    self.instead(s, [ast.Assign([target], call)], "statement", 1)
            case ast.Return(ast.Attribute() | ast.Name() as handed) | ast.Return(
                ast.Call(_, [ast.Attribute() as handed])
            ):
                self.instead(s, [ast.Return(copies(text(handed)))], "copy", 0.9)
            case ast.Return(None):
                for answer in [*self.answers(), *self.handed_on(self.scope.function)]:
                    self.instead(s, [ast.Return(answer)], "statement", 1)
            case ast.Return(ast.Compare() | ast.BoolOp() | ast.Constant(bool())):
                asked = [n for n in self.answers() if isinstance(n, ast.Compare)]
                for answer in unique([*self.scope.conditions, *asked]):
                    self.instead(s, [ast.Return(answer)], "condition", 1.2)
            case ast.Pass():
                self.instead(s, [ast.Return(ast.Constant(None))], "statement", 1)
                self.instead(s, [ast.Continue()], "loop", 1)
            case ast.Continue():
                self.instead(s, [ast.Break()], "loop", 1)
            case ast.Break():
                self.instead(s, [ast.Continue()], "loop", 1)
        if isinstance(s, ast.Return) and isinstance(in_loop(s), ast.For):
            self.instead(s, [ast.Continue()], "loop", 1)
        match s:
            case ast.Assign([ast.Attribute() as target], value):
                self.replace(value, ast.Constant(None), "constant", 1)
                if isinstance(value, ast.Dict) and len(value.keys) == 1 and value.keys[0] is not None:
                    entry = ast.Subscript(loaded(target), value.keys[0], ast.Store())
                    self.instead(s, [ast.Assign([entry], value.values[0])], "name", 1)
        self.instead(s, [s, s], "statement", 2)

    def exchanged(self, block, place):
        """The targets of a statement and the next exchanged: each sets what the other was to set."""
        match block[place : place + 2]:
            case [ast.Assign([one], value) as first, ast.Assign([other], last) as second] if text(one) != text(other):
                number = self.add(first, "name", 1.5)
                self.statements.setdefault(id(first), []).append((number, [ast.Assign([other], value)]))
                self.statements.setdefault(id(second), []).append((number, [ast.Assign([one], last)]))

    def elsewhere(self, statement, target, value):
        """Puts what is set into another part of the same thing, or into the thing of which it is a part."""
        if isinstance(target, ast.Attribute) and not is_own(target):
            for part in (p for p in (*self.scope.parts, "data", "grad") if p != target.attr):
                self.instead(
                    statement, [ast.Assign([ast.Attribute(target.value, part, ast.Store())], value)], "name", 1
                )
        around = getattr(target, "value", None)
        while isinstance(around, ast.Attribute | ast.Subscript):
            for other in (value, ast.Constant(None)):
                self.instead(statement, [ast.Assign([stored(around)], other)], "name", 2)
            around = around.value

    def assigned(self, statement, targets, value):
        self.instead(statement, [ast.Assign([ast.Tuple(targets, ast.Store())], value)], "operand", 1)

    def moved(self, block, place, statement):
        for other in range(len(block) + 1):
            if other not in (place, place + 1):
                self.move(statement, block, other)
        above = statement.parent
        while not isinstance(above, FUNCTIONS) and (around := block_of(above)) is not None:
            at = next(n for n, s in enumerate(around) if s is above)
            self.move(statement, around, at)
            self.move(statement, around, at + 1)
            above = above.parent
        for neighbour in block[max(0, place - 1) : place] + block[place + 1 : place + 2]:
            body = getattr(neighbour, "body", None)
            if isinstance(neighbour, ast.For | ast.If) and self.ran(body[0]):
                self.move(statement, body, 0)
                self.move(statement, body, len(body))

    def move(self, statement, block, place):
        if self.full() or (jumps([statement]) and not isinstance(in_loop(block[0].parent), ast.For)):
            return
        number = self.add(statement, "order", 2)
        self.statements.setdefault(id(statement), []).append((number, [ast.Pass()]))
        self.insert(block, place, [statement], "order", 2, number)

    def as_elsewhere(self, statement):
        """Yield statements of other functions of this file that set the same, or begin alike."""
        mine = head(statement)
        for donor in self.scope.statements:
            if type(donor) is type(statement) and head(donor) == mine and text(donor) != text(statement):
                known = len(self.edits)
                self.instead(statement, [donor], "statement", 1.5)
                alone = isinstance(donor, ast.If) and text(donor.test) == text(statement.test)
                if alone and len(self.edits) > known:
                    self.edits[-1].line = self.edits[-1].end = parting(statement.body, donor.body)

    # -------------------------------------------------------------------------------------------- expressions
    def expression(self, node):
        if isinstance(node, ast.JoinedStr | ast.Starred | ast.Lambda):
            return
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            if isinstance(node, ast.Subscript):
                self.expression(node.slice)
            elif isinstance(node, ast.Tuple):
                for part in node.elts:
                    self.expression(part)
            return
        before, self.extra = self.extra, CHOOSING if is_choice(node) else self.extra
        self.inward(node)
        self.extra = before

    def inward(self, node):  # noqa: C901, PLR0912 - a list of kinds
        """All edits of an expression, then those of its parts."""
        if self.rich:
            self.larger(node)
        else:
            self.changed(node)
        if number_of(node) is not None:
            return
        if is_path(node) and not is_called(node):
            if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice | ast.Tuple):
                self.expression(node.slice)
            base = node
            while isinstance(base, ast.Attribute | ast.Subscript):
                base = base.value
            if not isinstance(base, ast.Name):  # log_softmax(x).data
                self.expression(base)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.Call) and child is node.func:
                if isinstance(child, ast.Attribute) and not isinstance(child.value, ast.Name):
                    self.expression(child.value)
                continue
            if isinstance(child, ast.keyword):
                child = child.value
            if isinstance(child, ast.comprehension):
                before, self.inside_of = self.inside_of, self.inside_of or "loop"
                self.expression(child.iter)
                self.inside_of = before
                for test in child.ifs:
                    self.replace(test, ast.UnaryOp(ast.Not(), test), "condition", 1)
                    self.replace(test, ast.Constant(value=True), "condition", 2)
                    self.expression(test)
            elif isinstance(child, ast.expr):
                self.expression(child)

    def changed(self, node):  # noqa: C901, PLR0912, PLR0915 - a list of kinds
        """Edits that make the expression no larger."""
        match node:
            case ast.Constant() | ast.UnaryOp(ast.USub(), ast.Constant()):
                self.constant(node)
            case ast.BinOp(left, op, right):
                for other in ARITHMETIC:
                    if isinstance(op, OPERATORS) and not isinstance(op, other):
                        self.replace(node, ast.BinOp(left, other(), right), "operator", 1, at=right)
                self.replace(node, left, "operand", 1)
                self.replace(node, right, "operand", 1)
                if not isinstance(op, ast.Add | ast.Mult) or isinstance(left, MADE) or isinstance(right, MADE):
                    self.replace(node, ast.BinOp(right, op, left), "operand", 1)
                for inner in unique([n for n in walk(node) if is_path(n) and not is_called(n)]):
                    self.replace(node, inner, "operand", 1.2)
                if same(left, right):
                    for atom in self.scope.atoms:
                        self.replace(node, ast.BinOp(atom, op, atom), "name", 1)
                self.regrouped(node)
                self.one_each(node)
                if not isinstance(node.parent, ast.BinOp):
                    self.crossed(node)
                    self.closed_later(node)
            case ast.UnaryOp(op, operand):
                self.replace(node, operand, "condition" if isinstance(op, ast.Not) else "operator", 1)
            case ast.Compare(left, [op], [right]):
                for name in sorted(self.scope.unread):
                    self.replace(node, ast.Name(name, ast.Load()), "name", 1)
                others = COMPARISONS if isinstance(op, COMPARISONS) else ()
                others = (ast.Is, ast.IsNot) if isinstance(op, ast.Is | ast.IsNot) else others
                others = (ast.In, ast.NotIn) if isinstance(op, ast.In | ast.NotIn) else others
                for other in others:
                    if not isinstance(op, other):
                        self.replace(node, ast.Compare(left, [other()], [right]), "condition", 1)
            case ast.BoolOp(op, values):
                self.replace(
                    node, ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values), "condition", 1
                )
                for value in values:
                    self.replace(node, value, "condition", 1)
            case ast.IfExp(test, body, orelse):
                self.replace(node, ast.IfExp(test, orelse, body), "condition", 1)
                self.replace(node, body, "condition", 1)
                self.replace(node, orelse, "condition", 1)
                if isinstance(test, ast.Constant):
                    self.condition(test)
            case ast.Call():
                self.call(node)
            case ast.Subscript(value, ast.Slice()):
                self.replace(node, value, "operand", 1)
            case ast.Tuple(parts) | ast.List(parts):
                for n in range(len(parts) - 1):
                    self.replace(node, type(node)(exchanged(parts, n), ast.Load()), "operand", 1)
        if isinstance(node.parent, ast.Subscript) and node is node.parent.slice:
            for index in self.scope.indices:
                self.replace(node, index, "name", 0.9)
        if is_path(node) and not is_called(node):
            self.path(node)
        if not isinstance(node, ast.Constant) and number_of(node) is None:
            whole = isinstance(node.parent, ast.Assign | ast.Return)
            for call in self.scope.wrappers:
                made = whole and getattr(call.func, "id", "") in self.scope.imported
                self.replace(node, wrapped(call, node), "call", 1.4 if made else 2)
            for call in self.scope.longer:  # of a value that nobody keeps something was meant to be made
                self.replace(node, wrapped(call, node), "call", 1 if isinstance(node.parent, ast.Expr) else 2)
            if is_path(node):  # a copy changes no number: where one mends, what is kept here was shared by mistake
                kept = isinstance(statement_of(node), ast.Assign | ast.AnnAssign)
                self.replace(
                    node, ast.Call(ast.Attribute(node, "copy", ast.Load()), [], []), "copy", 0.9 if kept else 2
                )
            if is_path(node) or isinstance(node, ast.BinOp):
                self.replace(node, ast.UnaryOp(ast.USub(), node), "operator", 1.2)  # likelier is a wrong sign
                self.replace(node, ast.BinOp(ast.Constant(1), ast.Sub(), node), "operand", 2)
        if isinstance(node, COMPOUND) or is_path(node):
            for donor in self.scope.donors:
                if alike(node, donor):
                    self.replace(node, donor, "operand", 1.5 + 0.1 * distance(node, donor))

    def constant(self, node, kind="constant", *, static=False):
        value = number_of(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            self.replace(node, ast.Constant(value=not node.value), kind, 1, static=static)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_key(node):
            for key in self.scope.keys:
                self.replace(node, ast.Constant(key), "name", 1)
        elif value is not None:
            near = [0, 1, 2, -value, value + 1, value - 1, 2 * value, value / 2, 10 * value, value / 10, 1 - value]
            near = [type(value)(n) if n == int(n) else n for n in (*near, *self.scope.written)]
            known = [c.value for c in self.scope.constants]  # dim=-1 may be meant, where -1.0 is no axis
            for other in dict.fromkeys([*known, *near] if isinstance(value, float) else [*near, *known]):
                if other != value:
                    self.replace(node, ast.Constant(value=other), kind, 1, static=static)
            if not static:
                for atom in self.scope.atoms:
                    self.replace(node, atom, "constant", 1)
                for factor in self.scope.factors:
                    self.replace(node, factor, "constant", 2)

    def closed_later(self, node):
        """A term that stands inside a bracket, outside of all of them: √(x + c) / y as √x / y + c."""
        sums = [n for n in walk(node) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)]
        for inner in [n for n in sums if n is not node][:MOST_CROSSED]:
            self.replace(
                node, ast.BinOp(replaced(node, {id(inner): inner.left}), inner.op, inner.right), "operand", 1.2
            )

    def crossed(self, node):
        """Two names of a sum, each everywhere in the place of the other."""
        names = unique([n for n in walk(node) if isinstance(n, ast.Name) and n.id in self.scope.readable])
        for one, other in combinations(names, 2) if len(names) <= MOST_CROSSED else ():
            self.replace(node, renamed(node, {one.id: other.id, other.id: one.id}), "name", 1.5)

    def one_each(self, node):
        """[x] * len(y) as [x for _ in y]: a list of one thing many times is a list of the same thing."""
        match node:
            case ast.BinOp(ast.List([one]), ast.Mult(), count) | ast.BinOp(count, ast.Mult(), ast.List([one])):
                over = count.args[0] if isinstance(count, ast.Call) and last_name(count) == "len" else None
                over = over or ast.Call(ast.Name("range", ast.Load()), [count], [])
                turn = ast.comprehension(ast.Name("_", ast.Store()), over, [], 0)
                self.replace(node, ast.ListComp(one, [turn]), "copy", 1)
                first = [n for n in walk(one) if isinstance(n, ast.Subscript) and text(n) == f"{text(over)}[0]"]
                if first:  # of the first thing, for each of them
                    turn = ast.comprehension(ast.Name("each", ast.Store()), over, [], 0)
                    of_each = replaced(one, {id(n): ast.Name("each", ast.Load()) for n in first})
                    self.replace(node, ast.ListComp(of_each, [turn]), "copy", 1)

    def regrouped(self, node):
        """A / b + c as a / (b + c), and back."""
        match node:
            case ast.BinOp(ast.BinOp(a, first, b), second, c):
                for inner in reached(b, second, c):
                    self.replace(node, ast.BinOp(a, first, inner), "operand", 1)
        match node:
            case ast.BinOp(a, first, ast.BinOp(b, second, c)):
                self.replace(node, ast.BinOp(ast.BinOp(a, first, b), second, c), "operand", 1)
            case ast.BinOp(ast.Call(f, [inner], []), op, c):
                self.replace(node, ast.Call(f, [ast.BinOp(inner, op, c)], []), "operand", 1)
            case ast.BinOp(ast.Subscript(held, index), op, c):
                self.replace(node, ast.Subscript(held, ast.BinOp(index, op, c), ast.Load()), "operand", 1)
        match node.parent:
            case ast.Call(f, [_], []) if wraps(node.parent) and isinstance(node.op, ARITHMETIC):
                self.replace(node.parent, ast.BinOp(ast.Call(f, [node.left], []), node.op, node.right), "operand", 1)
            case ast.Subscript(held, index) as entry if index is node and not is_stored(entry):
                one = ast.Subscript(held, node.left, ast.Load())
                self.replace(entry, ast.BinOp(one, node.op, node.right), "operand", 1)

    def call(self, node):  # noqa: C901, PLR0912 - a list of kinds
        function, arguments, keywords = node.func, node.args, node.keywords
        kind = "operator" if getattr(function, "attr", "") in (*MATHS, *SUMS) else "call"
        if arguments and not isinstance(arguments[0], ast.Starred):
            self.replace(node, arguments[0], kind, 1)
        if isinstance(function, ast.Attribute):
            bare = not arguments and (kind == "operator" or not isinstance(function.value, ast.Name))
            if bare or function.attr in ("copy", "astype"):
                self.replace(node, function.value, kind, 1)
            for other in LIKE.get(function.attr, ()):
                renamed = ast.Attribute(function.value, other, ast.Load())
                self.replace(node, ast.Call(renamed, arguments, keywords), "call", 1)
            if isinstance(function.value, ast.Name) and function.value.id == "self":
                for other in sorted(self.scope.methods - {function.attr}):
                    if not other.startswith("__"):
                        renamed = ast.Attribute(function.value, other, ast.Load())
                        self.replace(node, ast.Call(renamed, arguments, keywords), "call", 1)
        for n in range(len(keywords)):
            self.replace(node, ast.Call(function, arguments, keywords[:n] + keywords[n + 1 :]), "argument", 1)
        given = [k.arg for k in keywords]
        for other in self.scope.keywords.get(last_name(node), {}).values():
            if other.arg not in given:
                self.replace(node, ast.Call(function, arguments, [*keywords, other]), "argument", 1)
        for name in self.scope.parameters.get(last_name(node), [])[len(arguments) :]:
            if name not in given and name in self.scope.readable:
                left_out = ast.keyword(name, ast.Name(name, ast.Load()))
                self.replace(node, ast.Call(function, arguments, [*keywords, left_out]), "argument", 1)
        if len(arguments) > 1:
            self.replace(node, ast.Call(function, arguments[:-1], keywords), "argument", 1)
        for n in range(len(arguments) - 1):
            self.replace(node, ast.Call(function, exchanged(arguments, n), keywords), "argument", 1)
        names = self.scope.parameters.get(last_name(node), [])
        known = {last: one for one in arguments for last in [text(one).rpartition(".")[2]] if last in names}
        orders = permutations(arguments) if len(arguments) == 3 else [sorted_by(names, known, arguments)]
        for order in orders if len(arguments) > 2 else ():
            self.replace(node, ast.Call(function, list(order), keywords), "argument", 1.5)

    def path(self, node):  # noqa: C901, PLR0912 - a list of kinds
        for atom in self.scope.atoms:
            self.replace(node, atom, "name", 0.9 if text(atom) in self.scope.unread else 1)
        for made in self.scope.made:
            self.replace(node, made, "call", 2)
        if isinstance(node, ast.Attribute):
            near = sorted(a for a in self.scope.attributes if text(node.value) == "self" and a != node.attr)
            for name in [*near, "data", "grad"]:
                self.replace(node, ast.Attribute(node.value, name, ast.Load()), "name", 1)
        if isinstance(node, ast.Attribute | ast.Subscript) and text(node.value) != "self":
            self.replace(node, node.value, "name", 1)
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            for n in (0, 1, -1):
                self.replace(node, ast.Subscript(node.value, ast.Constant(n), ast.Load()), "constant", 1)
        for name in self.scope.readable:
            if not isinstance(node, ast.Subscript):
                self.replace(node, ast.Subscript(node, ast.Name(name, ast.Load()), ast.Load()), "name", 2)
        self.replace(node, ast.Attribute(node, "data", ast.Load()), "name", 2)
        if isinstance(node, ast.Attribute) and isinstance(node.value, PATHS) and text(node.value) != "self":
            for call in self.scope.whole:
                self.replace(node, ast.Attribute(wrapped(call, node.value), node.attr, ast.Load()), "call", 2)
        for entry in (n for n in self.scope.kept if isinstance(n, ast.Subscript) and text(n.slice) == text(node)):
            asked = ast.Call(ast.Attribute(loaded(entry.value), "get", ast.Load()), [node], [])
            self.replace(node, asked, "call", 1.5)  # the entry, if it is there
        whole = isinstance(node.parent, ast.Assign | ast.Return)
        for known in self.scope.imported if whole else ():  # may be one of these, or what it holds
            inner = node.value if isinstance(node, ast.Attribute) and node.attr == "data" else node
            asked = ast.Call(ast.Name("isinstance", ast.Load()), [inner, ast.Name(known, ast.Load())], [])
            self.replace(node, ast.IfExp(asked, ast.Attribute(inner, "data", ast.Load()), inner), "call", 0.9)

    def larger(self, node):
        """Edits that put something in: a factor, a power, or in a whole value a term, of what is in scope."""
        above = node.parent
        if isinstance(node, ast.Constant | ast.Tuple) or not (is_path(node) or isinstance(node, COMPOUND)):
            return
        if not computes(node):
            return
        joined = above.op if isinstance(above, ast.BinOp) else None
        if not isinstance(joined, ast.Mult | ast.Div) or above.right is node:
            for factor in self.scope.missing_factors:
                cost = 2 + 0.1 * sum(tokens(factor).values())
                self.replace(node, product(node, factor), "operand", cost)
                self.replace(node, ast.BinOp(node, ast.Div(), factor), "operand", cost)
        if (
            joined is None
            or (isinstance(joined, ast.Div) and above.right is node)
            or (self.scope.idle and is_path(node))
        ):
            for term in self.scope.missing_terms:
                for op in (ast.Add(), ast.Sub()):
                    cost = 2 + 0.1 * sum(tokens(term).values())
                    self.replace(node, ast.BinOp(node, op, term), "operand", cost)
        if is_path(node) or isinstance(node, ast.Call):
            for power in (ast.Constant(2), ast.Constant(0.5), *self.scope.atoms[:12]):
                self.replace(node, ast.BinOp(node, ast.Pow(), power), "operand", 2)


def acts_as_loop(call):
    """Return whether a call gives several things in each turn: enumerate(x), zip(x, y), x.items()."""
    return last_name(call) in ("enumerate", "zip", "items")


def is_key(node):
    """Return whether a text is what an entry of a dictionary is called: in a subscript, a dictionary or a call."""
    above = getattr(node, "parent", None)
    holds = isinstance(above, ast.Dict) and any(node is key for key in above.keys)
    holds = holds or (isinstance(above, ast.Subscript) and node is above.slice)
    holds = holds or (isinstance(above, ast.Call) and last_name(above) in ("get", "pop", "setdefault", "getattr"))
    return holds and isinstance(node, ast.Constant) and isinstance(node.value, str)


def asks_for_none(test):
    """Return whether a test is about whether something is there at all."""
    match test:
        case ast.Compare(_, [ast.Is() | ast.IsNot()], [ast.Constant(None)]):
            return True
    return False


def is_choice(node):
    """Return whether a comparison chooses among elements: what they become is likelier to be wrong than the choice."""
    return isinstance(node, ast.Compare) and isinstance(node.parent, ast.Assign | ast.Subscript)


def computes(node):
    """Return whether a node is a number on the way to what a statement sets: no test, no index, no other call's."""
    if isinstance(node, ast.Compare | ast.BoolOp | ast.IfExp):
        return False
    below, above = node, node.parent
    while isinstance(above, ast.expr):
        if isinstance(above, ast.IfExp) and (below is above.test or isinstance(above.test, ast.Call)):
            return False
        if isinstance(above, ast.Compare | ast.BoolOp | ast.Subscript | ast.comprehension):
            return False
        method = isinstance(above, ast.Attribute) and is_called(above)
        if isinstance(above, ast.Attribute) and above.attr not in ((*SUMS, *SHAPES) if method else ("data",)):
            return False
        if (
            isinstance(above, ast.Call)
            and not (isinstance(below, ast.Attribute) and below is above.func)
            and not hands_on(above)
        ):
            return False
        below, above = above, above.parent
    return isinstance(above, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr | ast.keyword)


def hands_on(call):
    """Return whether a call computes with its arguments, makes an object of them, or is a statement about them."""
    maker = call.func.func if isinstance(call.func, ast.Call) else call.func  # Sigmoid()(x)
    if isinstance(maker, ast.Name):
        return maker.id[:1].isupper()
    return getattr(call.func, "attr", "") in MATHS or (isinstance(call.parent, ast.Expr) and is_own(call.func))


MATHS = ("sqrt", "square", "abs", "maximum", "minimum", "power", "multiply", "add", "subtract", "divide", "pow")
SHAPES = ("ravel", "flatten", "reshape", "astype")
METHODS = ("copy", "item", "numpy", "mean", "sum", *SHAPES)  # of arrays and tensors
SUMS = ("mean", "sum", "max", "min", "norm", "clip", "sign", "round", "floor", "ceil", "exp", "log")


def reached(node, op, other):
    """A node with `op other` joined to it: to the whole, and further down to each last operand."""
    yield ast.BinOp(node, op, other)
    if isinstance(node, ast.BinOp):
        for inner in reached(node.right, op, other):
            yield ast.BinOp(node.left, node.op, inner)


def exchanged(items, n):
    """The items, two neighbours exchanged."""
    return [*items[:n], items[n + 1], items[n], *items[n + 2 :]]


def is_read(node):
    return isinstance(node, ast.Name) and not is_stored(node)


def acts(node):
    """Return whether a node is a statement that does something itself: no definition, no text about the code.

    Nor does one that hands the arguments of a method on to another one: return self.forward(x).
    """
    match node:
        case ast.Return(ast.Call(ast.Attribute(ast.Name("self")), arguments, keywords)):
            given = [getattr(n, "value", n) if isinstance(n, ast.Starred | ast.keyword) else n
                     for n in (*arguments, *keywords)]  # fmt: skip
            return not all(isinstance(n, ast.Name) for n in given)
    return isinstance(node, ast.stmt) and not isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not is_docstring(node)


def is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_not(test):
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def is_stored(node):
    return isinstance(node.ctx, ast.Store)


def stored(node):
    other = copy.copy(node)
    other.ctx = ast.Store()
    return other


def parting(block, other):
    """The line where a block parts from another one; of what it lacks, the line above."""
    same = next((n for n, (a, b) in enumerate(zip(block, other, strict=False)) if text(a) != text(b)), None)
    if same is None:
        return block[min(len(block), len(other)) - 1].end_lineno
    lacks = text(block[same]) in map(text, other[same:])
    return block[same - 1].end_lineno if lacks and same else block[same].lineno


def in_loop(node):
    while node is not None and not isinstance(node, (ast.For, *FUNCTIONS)):
        node = getattr(node, "parent", None)
    return node


def jumps(statements):
    """Return whether a `continue` or `break` in these statements needs a loop around them."""
    todo = list(statements)
    while todo:
        one = todo.pop()
        if isinstance(one, ast.Continue | ast.Break):
            return True
        if not isinstance(one, ast.For | ast.While):
            todo += [n for n in ast.iter_child_nodes(one) if isinstance(n, ast.stmt)]
    return False


def blocks(statement):
    """The lists of statements inside a statement: of its branches, its handlers and its cases."""
    parts = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    found = [getattr(one, name, None) for one in (statement, *parts) for name in ("body", "orelse", "finalbody")]
    return [inner for inner in found if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt)]


def text_above(statement):
    """The text of the statement above this one in its block, or nothing."""
    block = block_of(statement) or [statement]
    place = next(n for n, s in enumerate(block) if s is statement)
    return text(block[place - 1]) if place else ""


def statement_of(node):
    while not isinstance(node, ast.stmt):
        node = node.parent
    return node


def block_of(statement):
    """The list of statements that holds this one."""
    for value in vars(statement.parent).values():
        if isinstance(value, list) and any(s is statement for s in value):
            return value
    return None


def head(statement):
    """Return the subject of a statement: the target that it sets, or the beginning of its text."""
    match statement:
        case ast.Assign([target, *_], _) | ast.AugAssign(target, _, _):
            return text(target)
        case ast.If():
            return "if"
        case ast.Expr(ast.Call(function)):
            return text(function)
        case ast.Return():
            return "return"
    return text(statement)


def tokens(node):
    if not hasattr(node, "bag"):
        bag = {}
        for n in walk(node):
            sign = getattr(n, "id", None) or getattr(n, "attr", None) or type(n).__name__
            bag[sign] = bag.get(sign, 0) + 1
        node.bag = bag
    return node.bag


def distance(one, other):
    a, b = tokens(one), tokens(other)
    return sum(abs(a.get(k, 0) - b.get(k, 0)) for k in {*a, *b})


def alike(one, other):
    size = max(sum(tokens(one).values()), sum(tokens(other).values()))
    return 0 < distance(one, other) <= max(4, 0.5 * size)


# ------------------------------------------------------------------------------------------------------ building
class Build:
    """The tree with all edits behind a switch, or with some of them made.

    `watched`, an edit that is made, has what encloses it noted when it is computed, from the inside out, and then
    what its statements set.
    """

    def __init__(self, plan, only=None, watched=None):
        self.plan, self.only, self.noted, self.setting, self.dropped = plan, only, {}, None, None
        if watched is not None:
            node = watched.anchor
            made = [new for number, new in plan.expressions.get(id(node), ()) if number == watched.number]
            self.dropped = dropped(node, made)
            if handed_up(node):
                self.noted[id(node)] = 0
            elif made and isinstance(made[0], PATHS):
                node = node.parent  # what is only read there is computed elsewhere
            while isinstance(node, ast.expr | ast.keyword):
                if isinstance(node, ast.expr) and not isinstance(node, PATHS):  # what is read is computed elsewhere
                    self.noted[id(node)] = len(self.noted) + (self.dropped is not None)
                node = node.parent
            self.setting = node if isinstance(node, ast.stmt) else None
        self.watched = watched.number if watched is not None else 0
        self.elsewhere = ELSEWHERE
        inserted = {number for others in plan.insertions.values() for number, _ in others}
        self.only_inserted = bool(only and set(only) & inserted)

    def tree(self):
        return self.node(self.plan.tree)

    def node(self, node):
        """A copy in which every edit has its place; what no edit touches is shared."""
        new = copy.copy(node)
        for field, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(new, field, self.block(value))
            elif isinstance(value, list):
                setattr(new, field, [self.node(v) if isinstance(v, ast.AST) else v for v in value])
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator):
                setattr(new, field, self.node(value))
        if not isinstance(node, ast.expr):
            return new
        new = self.choice(new, self.plan.expressions.get(id(node)))
        if id(node) in self.noted:
            return note(self.noted[id(node)], new)
        return self.note_elsewhere(new) if self.watched and is_computed(node) else new

    def all_noted(self, node):
        """Return what an edit puts in, with all that it computes noted: as much as is noted elsewhere."""
        if isinstance(node, list):
            return [self.all_noted(one) for one in node]
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.AST) or (isinstance(value, list) and value and isinstance(value[0], ast.AST)):
                setattr(node, field, self.all_noted(value))
        return self.note_elsewhere(node) if is_computed(node) else node

    def note_elsewhere(self, node):
        self.elsewhere += 1
        return note(self.elsewhere, node)

    def block(self, block):
        made = []
        for place, statement in enumerate(block):
            put = self.guarded(self.plan.insertions.get((id(block), place)), None)
            here = self.guarded(self.plan.statements.get(id(statement)), self.node(statement))
            if self.setting is not None and put:
                put += targets_noted(put)
            if statement is self.setting and not self.only_inserted and not isinstance(statement, ast.For):
                here = [*here, *targets_noted([*here, statement])]
            if self.watched and isinstance(statement, ast.AugAssign):
                here = [*here, ast.Expr(self.note_elsewhere(loaded(statement.target)))]
            made += [*put, *here]
        return made + self.guarded(self.plan.insertions.get((id(block), len(block))), None)

    def placed(self, new, number):
        """The text that an edit puts in, on the lines of the edit: from wherever in the file it was taken."""
        edit, made = self.plan.edits[number - 1], clone(new)
        for node in (n for one in (made if isinstance(made, list) else [made]) for n in walk(one)):
            if isinstance(node, ast.expr | ast.stmt) and not edit.line <= node.lineno <= edit.end:
                node.lineno = node.end_lineno = edit.line
        if number != self.watched:
            return made
        made = self.all_noted(operands_noted(made))
        if self.dropped is None:
            return made
        both = ast.Tuple([note(0, clone(self.dropped)), made], ast.Load())
        return ast.Subscript(both, ast.Constant(1), ast.Load())

    def choice(self, node, others):
        if not others:
            return node
        if self.only is not None:
            return next((self.placed(new, number) for number, new in others if number in self.only), node)
        chain = others[-1][1]
        for number, new in reversed(others[:-1]):
            chain = ast.IfExp(ast.Compare(switch(), [ast.Eq()], [ast.Constant(number)]), new, chain)
        return ast.IfExp(among(others), chain, node)

    def guarded(self, others, statement):
        whole = [] if statement is None else [statement]
        if not others:
            return whole
        if self.only is not None:
            return next((self.placed(new, number) for number, new in others if number in self.only), whole)
        each = [ast.If(ast.Compare(switch(), [ast.Eq()], [ast.Constant(number)]), new, []) for number, new in others]
        return [ast.If(among(others), each, whole)]


def handed_up(node):
    """Return whether an expression is handed to the constructor of a parent: super().__init__(lr=lr)."""
    call = node.parent.parent if isinstance(node.parent, ast.keyword) else node.parent
    return isinstance(call, ast.Call) and node is not call.func and text(call.func) == "super().__init__"


def dropped(node, made):
    """The term of a sum that an edit drops: it tells what was too much."""
    if not (made and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)):
        return None
    return node.right if made[0] is node.left else node.left if made[0] is node.right else None


NOTE = "_note_"  # the global that notes a value and returns it
BELOW, LAST = -1, 99  # the depth of the operands of what an edit puts in, and of what a statement sets
ELSEWHERE = 1000  # and of all that is computed elsewhere, one after the other


def is_computed(node):
    return isinstance(node, ast.BinOp) or (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in MATHS)


def note(depth, node):
    return ast.Call(ast.Name(NOTE, ast.Load()), [ast.Constant(depth), node], [])


def operands_noted(made):
    """The nodes that an edit puts in, their operands noted: these tell what a sum is made of."""
    for one in made if isinstance(made, list) else [made]:
        outer = one.value if isinstance(one, ast.Assign) else one
        if isinstance(outer, ast.BinOp):
            outer.left, outer.right = note(BELOW, outer.left), note(BELOW, outer.right)
        elif isinstance(outer, ast.AugAssign):
            outer.value = note(BELOW, outer.value)
        elif isinstance(one, ast.Expr) and is_computed(one.value):  # np.subtract(a, b, out=a)
            one.value = note(LAST, one.value)
    return made


def targets_noted(statements):
    """Statements that note what the first of these set."""
    for one in statements:
        for node in walk(one):
            found = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if isinstance(node, ast.Assign | ast.AugAssign):
                parts = [p for t in found for p in (t.elts if isinstance(t, ast.Tuple) else [t])]
                return [ast.Expr(note(LAST, loaded(p))) for p in parts if isinstance(p, PATHS)]
    return []


def switch():
    return ast.Name(SWITCH, ast.Load())


def among(others):
    return ast.Compare(switch(), [ast.In()], [ast.Set([ast.Constant(number) for number, _ in others])])
