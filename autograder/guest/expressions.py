"""Makes edits of expressions: other operators, operands, names, constants, calls, and what was left out."""

import ast
from itertools import combinations, permutations

from gradmark_edits import Edits
from gradmark_scope import LONG, twins_in, wrapped, wraps
from gradmark_trees import (
    ARITHMETIC,
    BUILTINS,
    COMPARISONS,
    COMPOUND,
    MADE,
    MATHS,
    OPERATORS,
    PATHS,
    SHAPES,
    SUMS,
    alike,
    copies,
    distance,
    exchanged,
    hands_on,
    is_called,
    is_kept,
    is_key,
    is_not,
    is_own,
    is_path,
    is_stored,
    last_name,
    loaded,
    nodes_in,
    number_of,
    of_self,
    product,
    renamed,
    replaced,
    same,
    statement_of,
    text,
    unique,
    walk,
)

LIKE = {"sqrt": ("square", "abs"), "square": ("sqrt", "abs"), "abs": ("square", "sqrt"), "ones_like": ("zeros_like",),
        "zeros_like": ("array",), "ones": ("zeros",), "asarray": ("array",), "empty_like": ("zeros_like",),
        "var": ("square",), "std": ("abs",), "log10": ("log",), "log2": ("log",), "log1p": ("log",),
        "exp2": ("exp",), "expm1": ("exp",), "max": ("min", "sum"), "min": ("max",), "amax": ("amin",),
        "amin": ("amax",)}  # fmt: skip
CHOOSING = 0.1  # that an edit costs more
NAMING = 0.1  # and where something is only given a name: likelier is a mistake where it is computed with
COPIES = ("copy", "deepcopy", "array")  # calls that make another object of what they are given
SIGNS = (ast.Add, ast.Sub)
NAMED = ("getattr", "setattr", "hasattr", "delattr")
MOST_CROSSED = 4  # names in one expression of which two may be exchanged


class ExpressionEdits(Edits):
    """Edits that act inside a statement."""

    def condition(self, test):
        """The test of a branch as others of this file, turned, or the question whether something is there yet."""
        constant = isinstance(test, ast.Constant)
        others = [(other, 1) for other in self.scope.conditions]
        for atom in self.scope.atoms:
            asks = 1.2 if constant or asks_for_none(test) else 2.1  # most things are always there
            others += [(ast.Compare(atom, [op], [ast.Constant(None)]), asks) for op in (ast.Is(), ast.IsNot())]
            others += [(ast.Compare(atom, [ast.NotEq()], [ast.Constant(0)]), 1.2)] if constant else []
            others += [(one, 1.3) for one in (atom, ast.UnaryOp(ast.Not(), atom)) if constant and is_own(atom)]
        for name in self.scope.loose if constant else ():  # read, and set nowhere: (g := p.grad) is not None
            for part in (n for n in self.scope.paths if isinstance(n, ast.Attribute) and not is_own(n)):
                if isinstance(part.value, ast.Name) and part.value.id in self.scope.locals:
                    taken = ast.NamedExpr(ast.Name(name, ast.Store()), loaded(part))
                    others.append((ast.Compare(taken, [ast.IsNot()], [ast.Constant(None)]), 1.1))
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

    def expression(self, node):
        if isinstance(node, ast.Starred):
            node = node.value
        if isinstance(node, ast.Lambda):
            node = node.body
        if isinstance(node, ast.JoinedStr):
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
            for part in node.slice.elts if isinstance(getattr(node, "slice", None), ast.Tuple) else ():
                self.expression(part)
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
                self.unfiltered(node)
            elif isinstance(child, ast.expr):
                self.expression(child)

    def changed(self, node):  # noqa: C901, PLR0912, PLR0915 - a list of kinds
        """Edits that make the expression no larger."""
        match node:
            case ast.Constant() | ast.UnaryOp(ast.USub(), ast.Constant()):
                self.constant(node)
            case ast.BinOp(left, op, right):
                for other in (*ARITHMETIC, ast.MatMult) if same(left, right) else ARITHMETIC:  # d @ d: a sum of squares
                    if isinstance(op, OPERATORS) and not isinstance(op, other):
                        self.replace(node, ast.BinOp(left, other(), right), "operator", 1, at=right)
                self.replace(node, left, "operand", 1)
                self.replace(node, right, "operand", 1)
                if not isinstance(op, ast.Add | ast.Mult) or isinstance(left, MADE) or isinstance(right, MADE):
                    self.replace(node, ast.BinOp(right, op, left), "operand", 1)
                for inner in unique([loaded(n) for n in walk(node) if is_path(n) and not is_called(n)]):
                    self.replace(node, inner, "operand", 1.2)
                if same(left, right):
                    for atom in self.scope.atoms:
                        self.replace(node, ast.BinOp(atom, op, atom), "name", 1)
                self.regrouped(node)
                self.one_each(node)
                settings = [n for n in self.scope.atoms if is_own(n)] if same(left, right) else []
                for pair in combinations(settings, 2) if isinstance(op, ast.Sub) else ():  # x - x: two factors are lost
                    self.replace(node, ast.BinOp(left, op, product(product(*pair), right)), "operand", 1.5)
                given = isinstance(node.parent, ast.Call) and last_name(node.parent) in self.scope.parameters
                for atom in self.scope.atoms if given else ():  # what is handed to a function of this file
                    self.replace(node, atom, "name", 1.2)
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
                for times in (n for n in self.scope.donors if isinstance(n, ast.BinOp) and len(parts) == 1):
                    if same(times.left, node):  # [None] * len(self.params)
                        self.replace(node, times, "operand", 1)
        if isinstance(node.parent, ast.Subscript) and node is node.parent.slice:
            for index in self.scope.indices:
                self.replace(node, index, "name", 0.9)
        if is_path(node) and not is_called(node):
            self.path(node)
        if not isinstance(node, ast.Constant) and number_of(node) is None:
            whole = isinstance(node.parent, ast.Assign | ast.Return)
            for call in self.scope.wrappers:
                if whole and is_path(node) and last_name(call) in COPIES:
                    self.replace(node, wrapped(call, node), "copy", 1)
                    continue
                made = whole and getattr(call.func, "id", "") in self.scope.imported
                answers = made and text(call.func) in self.scope.answered  # as other functions do: return Tensor(…)
                cost = 0.8 if answers else 1.4 if made else 2 + NAMING * is_named(node)
                self.replace(node, wrapped(call, node), "call", cost)
            for call in self.scope.longer:  # of a value that nobody keeps something was meant to be made
                self.replace(node, wrapped(call, node), "call", 1 if isinstance(node.parent, ast.Expr) else 2)
            if isinstance(node.parent, ast.Tuple) and isinstance(node.parent.parent, ast.Subscript):  # x[rows, labels]
                whole_numbers = ast.Attribute(node, "astype", ast.Load())
                self.replace(node, ast.Call(whole_numbers, [ast.Name("int", ast.Load())], []), "call", 1)
            if is_path(node):  # a copy changes no number: where one mends, what is kept here was shared by mistake
                around = statement_of(node)
                kept = isinstance(around, ast.Assign | ast.AnnAssign) or (
                    is_kept(node) and isinstance(around, ast.Return)
                )
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
            cost = 0.9 if kind == "default" else 1
            self.replace(node, ast.Constant(value=not node.value), kind, cost, static=static)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_key(node):
            for key in self.scope.keys:
                self.replace(node, ast.Constant(key), "name", 1)
        elif value is not None:
            near = neighbours(value, far=kind == "default")
            near = [type(value)(n) if n == int(n) else n for n in (*near, *self.scope.written)]
            known = [c.value for c in self.scope.constants]  # dim=-1 may be meant, where -1.0 is no axis
            for other in dict.fromkeys([*known, *near] if isinstance(value, float) else [*near, *known]):
                if other != value:
                    self.replace(node, ast.Constant(value=other), kind, 1, static=static)
            if not static:
                self.computed_instead(node, value)

    def computed_instead(self, node, value):
        """Puts what is in scope in the place of a number, and gives an exponent that has lost its base another one."""
        for atom in self.scope.atoms:
            self.replace(node, atom, "constant", 1)
        for factor in self.scope.factors:
            self.replace(node, factor, "constant", 2)
        for atom in self.scope.atoms if value not in (0, 1) and isinstance(node.parent, ast.BinOp) else ():
            self.replace(node, ast.BinOp(atom, ast.Pow(), node), "operand", 1.5)

    def closed_later(self, node):
        """A term that stands inside a bracket, outside of all of them: √(x + c) / y as √x / y + c."""
        sums = [n for n in walk(node) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)]
        for inner in [n for n in sums if n is not node][:MOST_CROSSED]:
            self.replace(
                node, ast.BinOp(replaced(node, {id(inner): inner.left}), inner.op, inner.right), "operand", 1.2
            )

    def crossed(self, node):
        """Two names of a sum, each everywhere in the place of the other."""
        twins = dict(twins_in(node))
        if twins and len(text(node)) >= LONG:  # shorter ones are among the donors
            self.replace(node, renamed(node, twins), "name", 1.5)
        names = unique([n for n in walk(node) if isinstance(n, ast.Name) and n.id in self.scope.readable])
        sets = any(isinstance(n, ast.NamedExpr) for n in walk(node))  # a name that is set there is no other's
        for one, other in combinations(names, 2) if len(names) <= MOST_CROSSED and not sets else ():
            self.replace(node, renamed(node, {one.id: other.id, other.id: one.id}), "name", 1.5)
        calls = [n for n in walk(node) if isinstance(n, ast.Call) and len(n.args) == 1 and not n.keywords]
        inner = {id(x) for n in calls for x in walk(n)}
        for call in calls if len(calls) == 1 and not sets else ():
            for other in (n for n in walk(node) if isinstance(n, ast.Name | ast.Attribute) and id(n) not in inner):
                if (is_own(other) or other.__class__ is ast.Name) and text(other) in self.scope.atom_texts:
                    self.replace(node, replaced(node, {id(call): other, id(other): call}), "operand", 1.5)
        own = [n for n in walk(node) if is_own(n) and not is_called(n) and not isinstance(n.parent, PATHS)]
        for one in own if len(own) == 1 and len(names) <= MOST_CROSSED and not sets else ():
            for other in names:
                twins = {id(n): loaded(one) for n in walk(node) if isinstance(n, ast.Name) and n.id == other.id}
                self.replace(node, replaced(node, {**twins, id(one): other}), "name", 1.5)

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

    def unfiltered(self, node):
        """[f(x) for x in y if x is there] as [f(x) if x is there else None for x in y]: nothing loses its place."""
        match node:
            case ast.ListComp(one, [ast.comprehension(_, _, [test]) as turn]) if asks_for_none(test):
                every = ast.comprehension(turn.target, turn.iter, [], 0)
                self.replace(node, ast.ListComp(ast.IfExp(test, one, ast.Constant(None)), [every]), "condition", 1)

    def regrouped(self, node):  # noqa: C901 - a list of kinds
        """A / b + c as a / (b + c), and back."""
        match node:
            case ast.BinOp(ast.BinOp(a, first, b), second, c):
                for inner in reached(b, second, c):
                    self.replace(node, ast.BinOp(a, first, inner), "operand", 1)
                for other in (ast.Mult, ast.Div) if isinstance(first, SIGNS) and isinstance(second, SIGNS) else ():
                    self.replace(node, ast.BinOp(a, first, ast.BinOp(b, other(), c)), "operator", 1.2)  # 1 - a + b
        match node:
            case ast.BinOp(a, first, ast.BinOp(b, second, c)):
                self.replace(node, ast.BinOp(ast.BinOp(a, first, b), second, c), "operand", 1)
                for other in SIGNS if isinstance(first, SIGNS) and isinstance(second, ast.Mult | ast.Div) else ():
                    self.replace(node, ast.BinOp(ast.BinOp(a, first, b), other(), c), "operator", 1.2)
            case ast.BinOp(ast.BinOp(a, op, b), ast.Pow() as power, c):
                self.replace(node, ast.BinOp(ast.BinOp(a, power, c), op, b), "operand", 1)
            case ast.BinOp(ast.BinOp(a, ast.Pow() as power, b), ast.Add() | ast.Sub() as op, c):
                self.replace(node, ast.BinOp(ast.BinOp(a, op, c), power, b), "operand", 1)
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
        handing = "argument" if self.scope.constructs else "operand"  # what is computed with, and not what is asked for
        if arguments and not isinstance(arguments[0], ast.Starred):
            self.replace(node, arguments[0], kind, 1)
        if text(function) == "len" and len(arguments) == 1:
            for index in self.scope.locals:  # the entry of one of them, and not how many they are
                entry = ast.Subscript(arguments[0], ast.Name(index, ast.Load()), ast.Load())
                self.replace(node, entry, "operand", 1.5)
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
                        self.replace(node, ast.Call(renamed, arguments, keywords), "call", 2 if is_test(node) else 1)
        if is_own(function) and isinstance(node.parent, ast.BinOp):
            for atom in (n for n in self.scope.atoms if isinstance(n, ast.Attribute) and n.attr == "data"):
                self.replace(node, atom, "name", 1)
        self.of_another(node)
        self.by_key(node)
        self.cut(node)
        self.by_element(node)
        self.unbracketed(node)
        for n in range(len(keywords)):
            self.replace(node, ast.Call(function, arguments, keywords[:n] + keywords[n + 1 :]), handing, 1)
        given = [k.arg for k in keywords]
        for other in self.scope.keywords.get(last_name(node), {}).values():
            if other.arg not in given:
                self.replace(node, ast.Call(function, arguments, [*keywords, other]), handing, 1)
        left_out = [k for k in self.scope.keywords.get(last_name(node), {}).values() if k.arg not in given]
        if len(left_out) > 1 and len({k.arg for k in left_out}) == len(left_out):
            self.replace(node, ast.Call(function, arguments, [*keywords, *left_out]), handing, 1)
        for name in self.scope.parameters.get(last_name(node), [])[len(arguments) :]:
            if name not in given and name in self.scope.readable:
                left_out = ast.keyword(name, ast.Name(name, ast.Load()))
                self.replace(node, ast.Call(function, arguments, [*keywords, left_out]), handing, 1)
        lost = [n for n in self.scope.parameters.get(last_name(node), [])[len(arguments) :] if n in self.scope.readable]
        if len(lost) > 1 and not keywords:
            every = [ast.keyword(name, ast.Name(name, ast.Load())) for name in lost]
            self.replace(node, ast.Call(function, arguments, every), handing, 1)
        if len(arguments) > 1:
            self.replace(node, ast.Call(function, arguments[:-1], keywords), handing, 1)
        if text(function) == "list" and len(arguments) == 1 and is_path(arguments[0]):
            self.replace(node, copies(text(arguments[0])), "copy", 1)  # a list of the same things
        for n in range(len(arguments) - 1):
            self.replace(node, ast.Call(function, exchanged(arguments, n), keywords), handing, 1)
        names = self.scope.parameters.get(last_name(node), [])
        known = {last: one for one in arguments for last in [text(one).rpartition(".")[2]] if last in names}
        orders = permutations(arguments) if len(arguments) == 3 else [sorted_by(names, known, arguments)]
        for order in orders if len(arguments) > 2 else ():
            self.replace(node, ast.Call(function, list(order), keywords), handing, 1.5)

    def of_another(self, call):
        """An attribute asked of the object itself that may have been meant of something else: getattr(self, "v")."""
        match call:
            case ast.Call(ast.Name("getattr" | "setattr" | "hasattr" | "delattr"), [ast.Name("self"), *others]):
                for name in self.scope.locals:
                    self.replace(call, ast.Call(call.func, [ast.Name(name, ast.Load()), *others], []), "name", 1)

    def by_key(self, call):
        """A text by which something is found: another of the file's, or a new one where two calls share it."""
        texts = [n for n in call.args if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        twice = [n.args for n in walk(self.scope.function) if isinstance(n, ast.Call) and same(n.func, call.func)]
        shared = [text(n) for args in twice for n in args]
        for one in texts:
            for key in self.scope.keys:
                self.replace(one, ast.Constant(key), "name", 1)
            if shared.count(text(one)) > 1:
                self.replace(one, ast.Constant(f"{one.value} "), "name", 1)
        known = self.scope.varied.get(last_name(call))
        if texts and known is not None:  # a function of any number of texts: slots(w, "m") as slots(w, "m", "v")
            for key in (k for k in self.scope.keys if k not in [n.value for n in texts]):
                self.replace(call, ast.Call(call.func, [*call.args, ast.Constant(key)], call.keywords), "argument", 1)
        for name in self.scope.called if isinstance(call.func, ast.Call) and len(call.args) == 1 else ():
            self.replace(call, ast.Call(ast.Name(name, ast.Load()), call.args, []), "call", 1)  # Softmax()(x)

    def cut(self, call):
        """Takes the first or the last part off from what a parent gives back."""
        match call.func:
            case ast.Attribute(ast.Call(ast.Name("super"))) if not isinstance(call.parent, ast.Subscript | ast.Expr):
                for part in (ast.Slice(ast.Constant(1)), ast.Slice(None, ast.Constant(-1))):
                    self.replace(call, ast.Subscript(call, part, ast.Load()), "operand", 1)

    def unbracketed(self, call):
        """√(x + c²) as √x + c."""
        match call:
            case ast.Call(f, [ast.BinOp(left, op, ast.BinOp(root, ast.Pow()))], []) if wraps(call):
                self.replace(call, ast.BinOp(ast.Call(f, [left], []), op, root), "operand", 1)

    def by_element(self, call):
        """A sum of products as the products themselves: np.dot(x.ravel(), x.ravel()) as x * x."""
        match call:
            case ast.Call(ast.Attribute(_, "dot" | "vdot" | "inner" | "matmul"), [one, other]):
                pass
            case ast.Call(ast.Attribute(one, "dot"), [other]):
                pass
            case _:
                return
        self.replace(call, product(as_shaped(one), as_shaped(other)), "operator", 1)

    def path(self, node):  # noqa: C901, PLR0912 - a list of kinds
        least = 2 if is_test(node) else 1 + NAMING * is_named(node)  # a test as any name: others of the file come first
        for base in self.scope.tables if is_table(node) else ():
            self.replace(node, ast.Subscript(base, node.slice, ast.Load()), "name", least)
        for atom in self.scope.atoms:
            self.replace(node, atom, "name", 0.9 if text(atom) in self.scope.unread else least)
        for made in self.scope.made:
            self.replace(node, made, "call", 2)
        self.looked_up(node)
        if isinstance(node, ast.Attribute):
            near = sorted(a for a in self.scope.attributes if text(node.value) == "self" and a != node.attr)
            for name in [*near, "data", "grad"]:
                self.replace(node, ast.Attribute(node.value, name, ast.Load()), "name", 1)
        if isinstance(node, ast.Attribute | ast.Subscript) and text(node.value) != "self":
            self.replace(node, node.value, "name", least)
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

    def looked_up(self, node):
        """Entries of a table that a call is given whole, and names that are put together for what it asks for."""
        if not isinstance(node.parent, ast.Call) or node is node.parent.func:
            return
        for index in self.scope.turns if is_own(node) and node.attr in self.scope.empties else ():
            made = ast.Call(ast.Attribute(node, "setdefault", ast.Load()), [index, ast.Dict([], [])], [])
            self.replace(node, made, "operand", 1.5)
        if last_name(node.parent) in NAMED and isinstance(node, ast.Name):
            for name in self.scope.formatted:
                self.replace(node, name, "name", 1)

    def larger(self, node):
        """Edits that put something in: a factor, a power, or in a whole value a term, of what is in scope."""
        above = node.parent
        if number_of(node) == 1 and computes(node):
            for factor in self.scope.missing_factors:
                self.replace(node, factor, "operand", 2 + 0.1 * nodes_in(factor))
        if isinstance(node, ast.Constant | ast.Tuple) or not (is_path(node) or isinstance(node, COMPOUND)):
            return
        if not computes(node) and not (self.scope.idle and is_handed(node)):
            return
        joined = above.op if isinstance(above, ast.BinOp) else None
        last = joined is None or above.right is node
        if not isinstance(joined, ast.Mult | ast.Div) or last:
            self.by_factor(node)
        if last and (self.scope.pure or not isinstance(joined, ast.Mult | ast.Div | ast.Pow)):
            self.on_the_left(node)
        whole = joined is None or (isinstance(joined, ast.Div) and last)
        self.by_term(node, self.scope.missing_terms if whole else self.scope.idle_terms if is_path(node) else ())
        if is_path(node) or isinstance(node, ast.Call):
            for power in (ast.Constant(2), ast.Constant(0.5), *self.scope.atoms[:12]):
                self.replace(node, ast.BinOp(node, ast.Pow(), power), "operand", 2)

    def by_factor(self, node):
        """Puts in a factor or a divisor."""
        for factor in self.scope.missing_factors:
            cost = 2 + 0.1 * nodes_in(factor)
            self.replace(node, product(node, factor), "operand", cost)
            self.replace(node, ast.BinOp(node, ast.Div(), factor), "operand", cost)

    def by_term(self, node, terms):
        """Puts in a term beside it."""
        for term in terms:
            for op in (ast.Add(), ast.Sub()):
                self.replace(node, ast.BinOp(node, op, term), "operand", 2 + 0.1 * nodes_in(term))

    def on_the_left(self, node):
        """Puts in the first operand of a quotient, of a difference or of a power, of which this is the other one."""
        of_a_path = (ast.Pow(), ast.Sub()) if self.scope.pure else (ast.Pow(),)
        for value in self.scope.missing_left:
            for op in of_a_path if is_path(node) else (ast.Div(), ast.Sub()):
                self.replace(node, ast.BinOp(value, op, node), "operand", 2 + 0.1 * nodes_in(value))


def is_named(node):
    """Return whether a value is only given a name."""
    return isinstance(node.parent, ast.Assign) and isinstance(node.parent.targets[0], ast.Name)


def is_test(node):
    """Return whether a node is all that a branch asks."""
    return isinstance(node.parent, ast.If | ast.While | ast.IfExp) and node is node.parent.test


def is_table(node):
    """Return whether a node is an entry by a text: group["lr"]."""
    return isinstance(node, ast.Subscript) and isinstance(getattr(node.slice, "value", None), str)


def as_shaped(node):
    """A value without the call that lays it out in a row."""
    match node:
        case ast.Call(ast.Attribute(value, "ravel" | "flatten" | "reshape"), _):
            return value
    return node


def sorted_by(names, known, arguments):
    """The arguments of a call with those that bear the name of a parameter at its place, the others between them."""
    others = iter([one for one in arguments if one not in known.values()])
    order = [known.get(name) or next(others, None) for name in names[: len(arguments)]]
    return arguments if None in order else order


def neighbours(value, *, far):
    """Numbers that may have been meant; `far`: of other orders as well, 1e-8 for 1e-6 and 0.999 for 0.99."""
    near = [0, 1, 2, -value, value + 1, value - 1, 2 * value, value / 2, 10 * value, value / 10, 1 - value]
    return near + [value / 100, 100 * value, *(round(1 - (1 - value) * by, 9) for by in (0.1, 10))] * far


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
            and not (hands_on(above) or getattr(above.func, "id", "") in ("tuple", "list", "sum"))
        ):
            return False
        below, above = above, above.parent
    return isinstance(above, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr | ast.keyword)


def is_handed(node):
    """Return whether a node is an argument of what this file defines, perhaps: update(g), moments.update(g)."""
    call = node.parent
    if not isinstance(call, ast.Call) or node is call.func:
        return False
    return getattr(call.func, "id", "") not in BUILTINS and text(getattr(call.func, "value", node)) != "np"


def reached(node, op, other):
    """A node with `op other` joined to it: to the whole, and further down to each last operand."""
    yield ast.BinOp(node, op, other)
    if isinstance(node, ast.BinOp):
        for inner in reached(node.right, op, other):
            yield ast.BinOp(node.left, node.op, inner)
