"""Finds the material for edits inside one function: what it knows, keeps, computes and leaves out."""

import ast
import re
import sys
from itertools import combinations

from gradmark_trees import (
    BUILTINS,
    COMPOUND,
    FUNCTIONS,
    METHODS,
    PATHS,
    SIMPLE,
    ancestry,
    defined,
    free_names,
    functions,
    inside,
    is_called,
    is_docstring,
    is_kept,
    is_key,
    is_own,
    is_path,
    is_read,
    is_stored,
    last_name,
    loaded,
    names_in,
    number_of,
    numpy_names,
    of_self,
    outer_functions,
    own_names,
    own_nodes,
    product,
    renamed,
    replaced,
    rest,
    same,
    stored,
    text,
    unique,
    walk,
)

MOST_ATOMS, MOST_DONORS, MOST_WRAPPERS = 26, 40, 12
VALUE = ast.Name("value", ast.Load())  # stands for what a method is asked of
MOST_VALUES, MOST_SHARES, MOST_COUNTS, MOST_ELSEWHERE, MOST_MOVED = 10, 4, 2, 6, 5  # of what may be put in
DECIMAL = re.compile(r"\d+\.\d+(?:e-?\d+)?")
MOST_WRITTEN = 4  # decimals in the docstrings of a function and its class: the number that was meant may stand there
UNREAD = 2  # of a call's function: a method of an object that is fetched and never asked
MOST_FACTORS = 30  # for a constant
MOST_KEYS = 12  # texts that name entries
MOST_WHOLE, MOST_LONGER = 8, 6  # calls of what the file defines, and others of many arguments, to put around something
TWINS = (("1", "2"), ("m", "v"))
LONG = 60  # letters of an expression from which no more is made by a twin in the place of one name
NO_WRAPS = ("isinstance", "hasattr", "getattr", "setattr", "zip", "range", "print", "super", "enumerate", "vectorize")


def set_by_name(classes):
    """The arguments of constructors that may become attributes by setattr: in a loop over a dictionary of settings."""
    if not any(isinstance(n, ast.Call) and last_name(n) == "setattr" for c in classes for n in walk(c)):
        return set()
    makers = [n for c in classes for n in c.body if isinstance(n, FUNCTIONS) and n.name == "__init__"]
    return {a.arg for n in makers for a in (*n.args.args[2:], *n.args.kwonlyargs)}  # but not the parameters


def own_attributes(nodes):
    """Attributes of `self` that these nodes set or read: one that is only read may be one that nobody sets."""
    return {name for node in nodes for name in own_names(node)}


class Scope:
    """The material for edits inside one function."""

    def __init__(self, tree, function, owner, given):  # noqa: PLR0915 - a list of materials
        self.function = function
        self.awaited = set()  # attributes that only heirs of the class read, and that nobody sets
        self.locals = names_in(function)
        outside = {name for node in tree.body for name in defined(node)} & set(self.locals)
        turns = {id(n): n.id for one in walk(function) if isinstance(one, ast.comprehension)
                 for n in walk(one.target) if isinstance(n, ast.Name)}  # fmt: skip
        kept = {n.id for n in walk(function) if isinstance(n, ast.Name) and is_stored(n) and id(n) not in turns}
        hidden = (outside & set(turns.values())) - kept  # the module's, but for the turns of a comprehension
        self.locals = [name for name in self.locals if name not in hidden]
        outer = [name for one in outer_functions(function) for name in names_in(one)]
        self.readable = list(dict.fromkeys([*self.locals, *outer]))  # a function inside another one sees its names
        signatures = [one.args for one in (function, *outer_functions(function))]
        arguments = {a.arg for one in signatures for a in walk(one) if isinstance(a, ast.arg)}
        self.pure = "self" not in arguments
        self.globals = {name for node in tree.body for name in defined(node)} | {"self", "super", "cls", *given}
        self.known = self.globals | BUILTINS
        self.loose = sorted(
            {n.id for n in own_nodes(function) if isinstance(n, ast.Name)} - self.known - {*self.readable}
        )
        chain = ancestry(tree, owner) or [tree]  # a method may be patched into its class
        made = [n for c in chain for n in c.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call)]
        asked = [f for c in chain for f in c.body if isinstance(f, FUNCTIONS)]
        self.computed = [name for n in made for name in defined(n)]  # attributes that are properties
        self.computed += [f.name for f in asked if any(text(d) == "property" for d in f.decorator_list)]
        self.methods = {n.name for c in chain for n in c.body if isinstance(n, FUNCTIONS)}
        patched = [n for n in tree.body if isinstance(n, FUNCTIONS) and [a.arg for a in n.args.args[:1]] == ["self"]]
        self.attributes = own_attributes([*chain, *patched]) - self.methods if "self" in arguments else set()
        by_name = set_by_name(chain)
        self.attributes |= by_name if "self" in arguments else set()
        nodes = [n for n in walk(tree) if isinstance(n, ast.expr | ast.stmt)]
        paths = [n for n in nodes if is_path(n) and self.knows(n) and not is_called(n)]
        self.paths = paths = [n for n in paths if self.holds(n)]
        made = [ast.Name(name, ast.Load()) for name in self.readable]
        made += [of_self(a) for a in sorted(self.attributes)]
        mine = [n for n in paths if inside(n, function)]
        self.atoms = unique([loaded(n) for n in [*mine, *made, *paths]])[:MOST_ATOMS]
        self.atom_texts = set(map(text, self.atoms))
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
        self.unfilled = self.never_filled()
        self.left_out(tree, nodes, chain)
        self.looked_up(tree, nodes, function)
        self.made = [made for n in tree.body if isinstance(n, ast.ClassDef) for made in self.made_of(n)]
        self.donors = unique([n for n in nodes if isinstance(n, COMPOUND) and self.knows(n) and len(text(n)) < 160])
        methods = [f for f, around in functions(tree) if around is not None and around in chain]
        self.constructs = constructs = function.name == "__init__"
        at_work = not_replaced(methods, chain) or chain[0].body
        self.idle = [] if constructs else idle(function, at_work, self.locals, by_name)
        swapped = [other for n in self.donors if len(text(n)) < LONG for other in swaps(n, self)]
        self.donors = unique([*self.donors, *swapped])
        rests = [n for n in self.donors if is_rest(n)][:MOST_SHARES]
        roots = [n for n in self.donors if isinstance(n, ast.Call) and len(n.args) == 1 and is_rest(n.args[0])]
        self.rests = [*rests, *roots[:MOST_COUNTS]]
        self.numpy = numpy_names(tree)
        self.missing_factors, self.missing_terms, self.missing_pulls, self.pairs = self.missing(function, methods)
        here = {text(n) for n in walk(function) if isinstance(n, ast.BinOp)}
        left = [n for n in computed(function) if self.knows(n)][:MOST_VALUES]  # of a quotient, of a difference
        steps = [product(a, b) for a, b in combinations(self.idle, 2)]
        steps += [product(ast.UnaryOp(ast.USub(), step.left), step.right) for step in steps]
        self.missing_left = unique([*left, *self.idle, *steps])
        fading = [n for n in self.donors if is_share_of_kept(n) and text(n) not in here]
        handed = [call for n in self.donors if isinstance(n, ast.Call) and is_own(n.func) for call in self.with_idle(n)]
        self.missing_terms = [*self.missing_terms, *fading[:MOST_SHARES], *handed[:MOST_SHARES]]
        unused = {text(n) for n in self.idle}
        self.idle_terms, self.idle_factors = (
            [n for n in some if any(text(part) in unused for part in walk(n))]
            for some in (self.missing_terms, self.missing_factors)
        )
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

    def looked_up(self, tree, nodes, function):
        """Collects what is found by texts: names put together, tables, and functions of any number of texts."""
        self.formatted = unique([n for n in nodes if isinstance(n, ast.JoinedStr) and self.knows(n)])[:MOST_COUNTS]
        entries = [n for n in walk(function) if isinstance(n, ast.Subscript)]
        self.tables = unique([n.value for n in entries if isinstance(n.value, PATHS) and is_key(n.slice)])[:MOST_SHARES]
        self.varied = {f.name: f for f, _ in functions(tree) if f.args.vararg is not None}
        self.called = [f.name for f in tree.body if isinstance(f, FUNCTIONS) and f is not function][:MOST_WHOLE]
        self.answered = {text(n.value.func) for n in nodes if isinstance(n, ast.Return)
                         and isinstance(n.value, ast.Call) and not inside(n, function)}  # fmt: skip
        made = [n for n in nodes if isinstance(n, ast.Assign) and text(n.value) in ("{}", "dict()")]
        self.empties = {t.attr for n in made for t in n.targets if is_own(t)}
        loops = [n.target for n in walk(function) if isinstance(n, ast.For)]
        firsts = [n.elts[0] if isinstance(n, ast.Tuple) else n for n in loops]
        self.turns = unique([loaded(n) for n in firsts if isinstance(n, ast.Name)])[:MOST_COUNTS]

    def with_idle(self, call):
        """The call of a method, handed what this function computes and never uses in the place of one argument."""
        for name in (n for n in self.idle if isinstance(n, ast.Name)):
            for at, _ in enumerate(call.args):
                yield ast.Call(call.func, [*call.args[:at], name, *call.args[at + 1 :]], call.keywords)

    def missing(self, function, methods):
        """The factors and the terms that may have been left out: where something is kept and never used, of that.

        A factor is x, 1 - x or 1 - x * y; a term is x, x * y, (1 - x) * y, or where nothing is squared (1 - x) * y * y.
        A factor may also be the root of what was computed and is never used, with or without a setting beside it; what
        only other methods of the object compute with (the learning rate, in a step that begins with its parent's); and
        where something is counted and nothing fades with that count, 1 - x ** count.
        """
        values = [n for n in computed(function) if self.knows(n)]
        tested = {id(n) for t in walk(function) if hasattr(t, "test") for n in walk(t.test)}  # v is None
        asked = {text(n) for n in walk(function) if isinstance(n, PATHS) and not is_stored(n) and id(n) not in tested}
        forgotten = [loaded(n) for n in self.kept if inside(n, function) and text(n) not in asked]
        values = [*forgotten, *values]
        entries = [n for n in forgotten if isinstance(n, ast.Subscript)]
        gets = [ast.Call(ast.Attribute(n.value, "get", ast.Load()), [n.slice, ast.Constant(0.0)], []) for n in entries]
        if self.pure:  # what it is handed and computes nothing with may be lost from a sum
            known = {text(n) for n in values}
            values = [*(ast.Name(name, ast.Load()) for name in self.locals if name not in known), *values]
        shares = [n for n in values if not is_entry(n) and shares_in(n, function)]
        rests = {text(n) for n in walk(function) if isinstance(n, ast.BinOp)}
        sums = {text(n.targets[0]).removesuffix("[:]") for n in walk(function)
                if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp)}  # fmt: skip
        fading = {text(n.value) for n in walk(function) if isinstance(n, ast.AugAssign) and is_kept(n.target)}
        shares = sorted(shares, key=lambda n: (text(rest(n)) not in rests, text(n) in sums, text(n) not in fading))
        shares = shares[:MOST_SHARES]
        settings = [n for n in values if is_own(n) or self.pure][: MOST_VALUES if self.pure else MOST_SHARES]
        late = [n for n in values[MOST_VALUES:] if is_own(n)][:MOST_SHARES]  # settings that only the last lines use
        values = [*values[:MOST_VALUES], *late]
        counters = {text(n) for f in (function, *methods) for n in counted(f)}  # need not be computed with
        unused, only_counted = split(self.idle, lambda n: text(n) not in counters)
        once, shares = [*unused, *values, *only_counted], [*unused, *shares][:MOST_SHARES]
        rests = [rest(share) for share in shares]
        here = {text(n) for n in computed(function)}
        fetched = {text(n) for n in walk(function) if is_fetched(n)}
        twins = [n for n in self.donors if fetched and is_fetched(n) and text(n) not in fetched][:MOST_COUNTS]
        others = [n for f in methods if f is not function for n in computed(f) if is_own(n) and self.knows(n)]
        others += [of_self(name) for name in self.computed]
        others += self.of_namesakes(function) if self.pure else []
        elsewhere = unique([n for n in others if not isinstance(n, ast.Subscript) and text(n) not in here])
        pairs = [product(a, b) for a in self.idle for b in settings or elsewhere[:MOST_SHARES]]
        powers = any(isinstance(n, ast.Pow) for one in self.rests for n in walk(one))
        counting = [] if powers else unique(n for f in (function, *methods) for n in counted(f) if self.knows(n))
        fading = [rest(ast.BinOp(share, ast.Pow(), count)) for share in shares for count in counting[:MOST_COUNTS]]
        stateless = [] if self.kept else [ast.BinOp(ast.Constant(1), ast.Add(), value) for value in values]
        stateless += [] if self.kept else [ast.Constant(number) for number in self.written]
        numbers = [n for n in map(number_of, walk(function)) if n not in (None, 0, 1)]
        stateless += [] if self.kept else [ast.Constant(number) for number in dict.fromkeys(numbers)]
        data = [ast.Attribute(n, "data", ast.Load()) for n in self.idle if isinstance(n, ast.Name)]
        once = [*once, *(data if not self.kept else [])]
        factors = [
            *once,
            *twins,
            *gets,
            *stateless,
            *rests,
            *(rest(pair) for pair in pairs),
            *pairs[:MOST_SHARES],
            *self.rests,
            *fading,
            *elsewhere[:MOST_ELSEWHERE],
            *([] if squares(function) else [product(value, value) for value in values if not is_own(value)]),
            *(ast.BinOp(a, ast.Sub(), b) for a in self.idle for b in (values if self.pure else ())),
        ]
        terms = [
            *once,
            *([] if self.kept else [ast.Constant(1)]),
            *(product(a, b) for a in [*shares, *rests] for b in values),
            *(product(a, product(b, b)) for a in rests for b in values if not squares(function)),
        ]
        root = [ast.Attribute(ast.Name(name, ast.Load()), "sqrt", ast.Load()) for name in self.numpy]
        roots = [ast.Call(of, [ast.Name(name, ast.Load())], []) for of in root for name in sorted(self.unread)]
        bounded = [ast.BinOp(root, ast.Add(), one) for root in roots for one in self.idle if is_own(one) or self.pure]
        tops = [ast.Name(name, ast.Load()) for name in sorted(self.unread)]
        self.quotients = [ast.BinOp(top, ast.Div(), below) for top in tops for below in bounded]
        factors, terms = [*factors, *roots, *bounded], [*terms, *roots]
        return (
            unique(factors),
            unique(terms),
            unique([*self.idle, *(product(a, b) for a in self.idle for b in values)]),
            pairs,
        )

    def of_namesakes(self, function):
        """Return what other functions read of an argument that has the name of one of this function's: o.lr."""
        mine = {a.arg for a in function.args.args}
        asked = [n for n in self.paths if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)]
        return unique([loaded(n) for n in asked if n.value.id in mine and not inside(n, function)])[:MOST_ELSEWHERE]

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
        return {n.id for n in names if is_stored(n)} - {n.id for n in names if not is_stored(n)} - {"_"}

    def never_filled(self):
        """The names that the function sets to an empty list, and puts nothing into."""
        empty = [n.targets[0].id for n in walk(self.function) if isinstance(n, ast.Assign)
                 and isinstance(n.targets[0], ast.Name) and text(n.value) in ("[]", "list()")]  # fmt: skip
        changed = {text(n.value) for n in walk(self.function) if isinstance(n, ast.Attribute | ast.Subscript)}
        changed |= {text(n.target) for n in walk(self.function) if isinstance(n, ast.AugAssign)}
        return [name for name in empty if name not in changed]

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
        others = free_names(node) - self.known
        if others and not others.issubset(self.readable):
            return False
        return all(name in self.attributes or name in self.methods for name in own_names(node))

    def holds(self, path):
        """Return whether a path begins with something of this call: a change of a class would outlive the run."""
        while isinstance(path, ast.Attribute | ast.Subscript):
            path = path.value
        return isinstance(path, ast.Name) and (path.id == "self" or path.id in self.readable)

    def sets(self, node):
        """Return whether a statement could stand here: what it reads is known, or it sets it itself."""
        mine = {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if (mine - set(self.locals)) & (self.known | set(self.readable)):
            return False  # a name from outside would become a local one in the whole function
        before, self.readable = self.readable, [*self.readable, *mine]
        fits = self.knows(node)
        self.readable = before
        return fits


def not_replaced(methods, chain):
    """The methods of a class and of its bases, without those in whose place an heir has one that does not call them."""
    last = {}
    for owner in chain:  # heirs first
        for method in (m for m in owner.body if m in methods):
            last.setdefault(method.name, method)
    return [m for m in methods if last.get(m.name, m) is m or "super" in free_names(last[m.name])]


def idle(function, methods, names, by_name):
    """The settings of a class, and the names of a function, that are kept and never computed with."""
    switches = {id(n.left) for n in walk(function) if isinstance(n, ast.Compare) and number_of(n.comparators[0]) == 0}
    used = {n.id for n in walk(function) if is_read(n) and id(n) not in switches}  # `momentum != 0` computes nothing
    left = [ast.Name(name, ast.Load()) for name in names if name not in used and name.strip("_")]  # _ is not for use
    makers = [n for n in methods if isinstance(n, FUNCTIONS) and n.name == "__init__"]
    others = [m for m in methods if isinstance(m, FUNCTIONS) and m not in makers]
    made = {n.attr for m in makers for n in walk(m) if is_own(n) and is_stored(n)} | by_name
    asked = {id(n) for m in others for t in walk(m) if hasattr(t, "test") for n in walk(t.test)}
    asked -= {id(n) for m in others for t in walk(m) if isinstance(t, ast.NamedExpr) for n in walk(t)}  # it is kept
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
            case ast.Assign([target, *_], ast.BinOp() | ast.IfExp()):
                found.append(target)
            case ast.IfExp(_, one, other):
                found += [one, other]
            case ast.Call(ast.Attribute(), arguments):
                found += arguments
    return unique([loaded(n) for n in found if is_path(n) and getattr(n, "attr", "") != "dtype"])


def is_fetched(node):
    """Return whether a node is an entry that the object keeps, asked for with what it is else: self.m.get(i, 0)."""
    return isinstance(node, ast.Call) and last_name(node) == "get" and is_own(getattr(node.func, "value", None))


def is_entry(node):
    """Return whether a node is an entry that is asked for by what is computed: m[i], and not betas[0]."""
    return isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant)


def squares(function):
    """Return whether a function squares something."""
    for node in walk(function):
        match node:
            case ast.BinOp(left, ast.Mult(), right) if same(left, right):
                return True
            case ast.BinOp(_, ast.Pow(), ast.Constant(2)) | ast.Call(ast.Attribute(_, "square")):
                return True
    return False


def split(nodes, wanted):
    """Return the nodes of which something is true, and the others."""
    return [n for n in nodes if wanted(n)], [n for n in nodes if not wanted(n)]


def counted(function):
    """The paths that a function counts up by one."""
    found = [loaded(n.target) for n in walk(function) if isinstance(n, ast.AugAssign) and text(n.value) == "1"]
    return unique([n for n in found if is_path(n)])


def shares_in(path, function):
    """Return whether something is multiplied by a path, or by 1 less it, in a function."""
    wanted = {text(path), text(rest(path))}
    for node in walk(function):
        match node:
            case ast.BinOp(left, ast.Mult(), right) if {text(left), text(right)} & wanted:
                return True
            case ast.AugAssign(_, ast.Mult(), value) if text(value) in wanted:
                return True
    return False


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
    entries = [n for n in walk(node) if isinstance(n, ast.Subscript) and number_of(n.slice) in (0, 1)]
    if entries:  # betas[1] for betas[0]
        other = {id(n): ast.Subscript(n.value, ast.Constant(1 - number_of(n.slice)), n.ctx) for n in entries}
        yield replaced(node, other)


def twins_in(node):
    """The names of an expression that differ in one sign, each with the other one: beta1 and beta2, say."""
    named = sorted({n.attr if isinstance(n, ast.Attribute) else n.id for n in walk(node) if isinstance(n, PATHS[:2])})
    for name in named:
        for one, other in (*TWINS, *(twins[::-1] for twins in TWINS)):
            if name != one and name.replace(one, other, 1) in {*named} - {name}:
                yield name, name.replace(one, other, 1)


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


def wrapped(call, node):
    if getattr(call.func, "value", None) is VALUE:
        return ast.Call(ast.Attribute(node, call.func.attr, ast.Load()), call.args, call.keywords)
    if call.args[-1] is VALUE:
        return ast.Call(call.func, [*call.args[:-1], node], call.keywords)
    return ast.Call(call.func, [node, *call.args[1:]], call.keywords)


def general_calls(tree):
    """Calls that anybody might have forgotten, by the name that NumPy has in this file."""
    made = [f"{name}.{function}(x)" for name in numpy_names(tree) for function in ("sqrt", "square", "array", "abs")]
    return [ast.parse(code, mode="eval").body for code in [*made, "list(x)"]]
