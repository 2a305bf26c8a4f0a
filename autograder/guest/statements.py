"""Makes edits of statements: dropped, doubled, moved, turned, put in, or as another function of the file has them."""

import ast
from itertools import permutations

from gradmark_expressions import ExpressionEdits, asks_for_none
from gradmark_scope import is_fetched, wrapped
from gradmark_trees import (
    ARITHMETIC,
    FUNCTIONS,
    MADE,
    PATHS,
    SIMPLE,
    acts,
    acts_as_loop,
    block_of,
    blocks,
    changes_nothing,
    copies,
    exchanged,
    free_names,
    head,
    in_loop,
    inside,
    is_called,
    is_docstring,
    is_kept,
    is_own,
    is_read,
    is_stored,
    jumps,
    loaded,
    nodes_in,
    of_self,
    own_nodes,
    product,
    stored,
    text,
    text_above,
    unique,
    walk,
)

SETS = (ast.Assign, ast.AugAssign)
INDENTING = 0.9  # what an edit costs that only indents a statement more, or less
MOST_BASES = 8  # names whose attribute may have been meant to be set
MOST_TOGETHER = 4  # values of which two may be returned
HANDING = 0.2  # where arguments are only handed on: what they are handed to is likelier to be wrong


class StatementEdits(ExpressionEdits):
    """Edits of the statements of a block."""

    def handed_on(self, function):
        """Calls of the object's other methods with the arguments of this one."""
        mine = [ast.Name(a.arg, ast.Load()) for a in function.args.args if a.arg != "self"]
        return [wrapped(call, mine[0]) for call in self.scope.own if mine]

    def answers(self):
        """The values that may have been meant to be returned, and the question whether they are there.

        Two values together are those that nothing is done with: update, State(mean, square).
        """
        atoms = self.scope.atoms
        made = [*(ast.Name(name, ast.Load()) for name in sorted(self.scope.unread)), *self.scope.made][:MOST_TOGETHER]
        together = [ast.Tuple(list(both), ast.Load()) for both in permutations(made, 2)]
        asked = [ast.Compare(atom, [ast.NotEq()], [ast.Constant(0)]) for atom in atoms if is_own(atom)]
        return [*atoms, *asked, *together]

    def block(self, block):
        for place, statement in enumerate(block):
            if not self.ran(statement):
                self.too_late(block, place)
                continue
            if self.rich:
                self.gaps.append((self.scope, block, place))
            self.inside(statement)
            for inner in () if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) else blocks(statement):
                self.block(inner)
            self.whole(block, place, statement)
            if not self.rich:
                self.given(block, place)
                self.begun(block, place)
        if block and self.ran(block[-1]) and not isinstance(block[-1], ast.Return | ast.Raise | ast.Continue):
            if self.rich:
                self.gaps.append((self.scope, block, len(block)))
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
        for name in self.scope.unfilled if in_loop(block[0]) else ():
            for value in (n for n in self.scope.locals if n not in self.scope.unfilled):
                put = ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load())
                call = ast.Call(put, [ast.Name(value, ast.Load())], [])
                self.insert(block, place, [ast.Expr(call)], "statement", 2.8)
        for donor in self.scope.absent:
            below = above and above == text_above(donor)
            last = place == len(block) and is_last(donor) and type(block[0].parent) is type(donor.parent)
            self.insert(block, place, [donor], "statement", 2.9 if below else 2.95 if last else 3)

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
        self.taken(block, place)
        self.put_back(block, place)
        if not self.scope.idle:
            return
        for target, value in self.scope.updates:
            self.insert(block, place, [ast.Assign([stored(target)], value)], "statement", 4.5)
        inner = in_loop(block[0]) or not any(isinstance(s, ast.For) for s in block)
        for target in self.scope.moved if inner else ():
            now = loaded(target)
            values = [product(now, factor) for factor in self.scope.idle_factors]
            pulls = [*self.scope.missing_pulls, *(product(pair, now) for pair in self.scope.pairs)]
            values += [ast.BinOp(now, op, pull) for pull in pulls for op in (ast.Add(), ast.Sub())]
            for value in values:
                cost = 4 + 0.1 * nodes_in(value)
                self.insert(block, place, [ast.Assign([target], value)], "statement", cost)

    def taken(self, block, place):
        """Takes what has just been kept for a name that is read below: g = self.v[i], computed in vain."""
        function, line = self.scope.function, block[place].lineno if place < len(block) else block[-1].end_lineno + 1
        below = {n.id for n in own_nodes(function) if is_read(n) and n.lineno >= line} & set(self.scope.locals)
        for kept in (n for n in self.scope.kept if inside(n, function) and n.lineno < line):
            for name in sorted(below - free_names(kept)):
                self.insert(block, place, [ast.Assign([ast.Name(name, ast.Store())], loaded(kept))], "statement", 4)

    def put_back(self, block, place):
        """Keeps again together what was taken apart from where it is kept: m, v = self.moments[i] before."""
        line = block[place].lineno if place < len(block) else block[-1].end_lineno + 1
        for statement in own_nodes(self.scope.function):
            match statement:
                case ast.Assign([ast.Tuple(names)], kept) if statement.lineno < line:
                    if is_fetched(kept) and kept.args:
                        kept = ast.Subscript(kept.func.value, kept.args[0], ast.Load())
                    if isinstance(kept, ast.Subscript) and is_kept(kept):
                        together = ast.Tuple([loaded(name) for name in names], ast.Load())
                        self.insert(block, place, [ast.Assign([stored(kept)], together)], "statement", 3.9)

    def inside(self, statement):
        self.extra = HANDING if not acts(statement) else -HANDING if changes_nothing(statement) else 0
        for field, value in ast.iter_fields(statement):
            if field in ("body", "orelse", "handlers", "finalbody", "decorator_list", "returns", "annotation"):
                continue
            looping = isinstance(statement, ast.For) and field == "iter"
            self.growing = grown_in(statement) if looping else gone_over(statement)
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
        self.extra, self.growing = 0, set()
        if isinstance(statement, ast.If) and not self.rich:
            self.condition(statement.test)

    def looped(self, target, over):
        """Goes over two or three things side by side, or counts, where several names are set in each turn."""
        match target, over:
            case ast.Tuple(names), ast.Call(ast.Name("zip"), [*given]) if 1 <= len(given) < len(names):
                self.beside(over, given, len(names))
            case ast.Tuple([_, _]), ast.Call(ast.Name("enumerate"), [inner]):
                for name in (n for n in self.scope.idle if isinstance(n, ast.Name)):  # in vain: its own numbers
                    self.replace(over, ast.Call(ast.Name("zip", ast.Load()), [name, inner], []), "loop", 1)
            case ast.Tuple([_, _] as names), _ if not isinstance(over, ast.Call) or not acts_as_loop(over):
                self.replace(over, ast.Call(ast.Name("enumerate", ast.Load()), [over], []), "loop", 1)
                self.beside(over, [over], len(names))

    def beside(self, over, given, count):
        """The zip of what is given and of one thing more that this function knows, at each place.

        That may be what a method makes of something that is not used: zip(self.params, self.split(theta)).
        """
        methods = [of_self(name) for name in sorted(self.scope.methods) if not name.startswith("__")]
        names = [name for name in self.scope.idle if isinstance(name, ast.Name)]
        made = [ast.Call(method, [name], []) for name in names for method in methods]
        for atom in [*self.scope.atoms, *made] if count == len(given) + 1 else ():
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
            for body in (statement.body, statement.orelse):  # below the `if`: it runs in any case then
                if len(body) > 1 and not self.ran(body[-1]):
                    self.move(body[-1], block, place + 1, INDENTING)
        if isinstance(statement, ast.Pass | ast.Delete):
            self.turned(statement)
        if isinstance(statement, SIMPLE):
            self.turned(statement)
            self.moved(block, place, statement)
            self.exchanged(block, place)
            self.as_elsewhere(statement)
            self.guarded(block, place, statement)
            self.otherwise(block, place, statement)
            self.once(statement)
            self.repeated(statement)
            self.conditional(statement)
        elif isinstance(statement, ast.If):
            self.as_elsewhere(statement)

    def conditional(self, statement):
        """A statement that another guard of this file, or a flag of it, should have kept from some cases."""
        for guard in (n for n in self.scope.statements if isinstance(n, ast.If) and not n.orelse):
            held = ast.If(guard.test, [statement], [])
            if text(guard.test) not in text(statement.parent):
                self.instead(statement, [held], "condition", 3)
        flags = [n for n in self.scope.conditions if isinstance(n, PATHS) and isinstance(statement, SETS)]
        for test in (t for flag in flags for t in (flag, ast.UnaryOp(ast.Not(), flag))):
            self.instead(statement, [ast.If(test, [statement], [])], "condition", 3)

    def apart(self, statement):
        """An `elif` or `else` that should have been no alternative: what stands there is done in any case."""
        if statement.orelse:
            number = self.add(statement.orelse[0], "condition", 1)
            new = [ast.If(statement.test, statement.body, []), *statement.orelse]
            self.statements.setdefault(id(statement), []).append((number, new))

    def otherwise(self, block, place, statement):
        """Puts what stands below an `if` into its `else`."""
        above = block[place - 1] if place else None
        if isinstance(above, ast.If) and not above.orelse and isinstance(statement, SETS):
            number = self.add(statement, "condition", 1.5)
            self.statements.setdefault(id(statement), []).append((number, [ast.Pass()]))
            new = ast.If(above.test, above.body, [statement])
            self.statements.setdefault(id(above), []).append((number, [new]))

    def once(self, statement):
        """Makes what is kept only where it is not there yet, and not anew in every step."""
        match statement:
            case ast.Assign([ast.Subscript(held, key) as target], ast.Call()) if is_kept(target):
                there = ast.Compare(loaded(target), [ast.Is()], [ast.Constant(None)])
                for test in (there, ast.Compare(key, [ast.NotIn()], [held])):
                    if text(test) not in map(text, self.scope.conditions):
                        self.instead(statement, [ast.If(test, [statement], [])], "condition", 2)

    def repeated(self, statement):
        """Repeats what a constructor does once for each of what the object keeps, as other loops of the file do."""
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(_, "append"))) if self.scope.constructs and not in_loop(statement):
                loops = [n for n in walk(self.tree) if isinstance(n, ast.For) and is_own(n.iter)]
                for loop in unique(loops, key=lambda n: text(n.iter))[:MOST_TOGETHER]:
                    self.instead(statement, [ast.For(loop.target, loop.iter, [statement], [])], "loop", 1.5)

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
                for name in self.also(target, value):
                    self.instead(s, [ast.Assign([name, target], value)], "name", 1.5)
                if is_kept(target) and isinstance(value, PATHS):
                    missing = ast.Compare(value, [ast.Is()], [ast.Constant(None)])
                    made = ast.Call(ast.Attribute(value, "copy", ast.Load()), [], [])
                    self.instead(s, [ast.Assign([target], ast.IfExp(missing, value, made))], "copy", 1)
                base = target.value if isinstance(target, ast.Attribute) and not is_own(target) else None
                for name in self.scope.locals[:MOST_BASES] if isinstance(base, ast.Name) else ():
                    if name != base.id:
                        other = ast.Attribute(ast.Name(name, ast.Load()), target.attr, ast.Store())
                        self.instead(s, [ast.Assign([other], value)], "name", 1)
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
                    if (
                        isinstance(value, ast.Call)
                        and len(value.args) == 1
                        and not isinstance(value.args[0], ast.Starred)
                    ):
                        self.instead(s, [ast.Assign([whole], value.args[0])], "name", 1.5)
                for name in (*self.scope.locals, *self.scope.loose) if isinstance(target, ast.Name) else ():
                    if name != target.id:
                        cost = 0.9 if name in self.scope.loose else 1.2  # what is read, and set nowhere
                        self.instead(s, [ast.Assign([ast.Name(name, ast.Store())], value)], "name", cost)
            case ast.Assign([_, _, *_] as targets, value):
                if isinstance(value, MADE):  # one object for all of them
                    self.instead(s, [ast.Assign([target], value) for target in targets], "copy", 1)
                for n in range(len(targets)):
                    self.instead(s, [ast.Assign([*targets[:n], *targets[n + 1 :]], value)], "name", 0.8)
                if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
                    parts = [ast.Subscript(value.value, ast.Constant(n), ast.Load()) for n, _ in enumerate(targets)]
                    each = zip(targets, parts, strict=True)
                    self.instead(s, [ast.Assign([target], part) for target, part in each], "operand", 1)
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
            case ast.Expr(ast.Compare(ast.Name() | ast.Attribute() | ast.Subscript() as target, [ast.Eq()], [value])):
                self.instead(s, [ast.Assign([stored(target)], value)], "operator", 1)  # == for =
            case ast.Expr(ast.ListComp() | ast.BinOp() | ast.IfExp() | ast.UnaryOp() as lost):
                names = [n for n in walk(lost) if isinstance(n, ast.Name) and n.id in self.scope.locals]
                for target in unique([stored(n) for n in names]):
                    self.instead(s, [ast.Assign([target], lost)], "statement", 1)
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
                if is_own(handed):
                    asked = ast.Compare(handed, [ast.NotEq()], [ast.Constant(0)])
                    self.instead(s, [ast.Return(asked)], "condition", 1.2)
            case ast.Return(ast.BinOp() as computed):
                here = [n for n in self.scope.kept if inside(n, self.scope.function)]
                entries = [
                    n for n in own_nodes(self.scope.function) if isinstance(n, ast.Subscript) and not is_stored(n)
                ]
                entries = [n for n in entries if isinstance(n.value, ast.Name) and isinstance(n.slice, ast.Name)]
                for target in unique([*here, *(stored(n) for n in entries)]):
                    new = [ast.Assign([target], computed), ast.Return(loaded(target))]
                    self.instead(s, new, "statement", 1.5)
            case ast.Return(None):
                for answer in [*self.answers(), *self.handed_on(self.scope.function)]:
                    self.instead(s, [ast.Return(answer)], "statement", 1)
            case ast.Return(ast.Compare() | ast.BoolOp() | ast.Constant(bool())):
                asked = [n for n in self.answers() if isinstance(n, ast.Compare)]
                for answer in unique([*self.scope.conditions, *asked]):
                    self.instead(s, [ast.Return(answer)], "condition", 1.2)
            case ast.Delete([ast.Attribute() | ast.Subscript() as target]):
                self.instead(s, [ast.Assign([stored(target)], ast.Constant(None))], "statement", 1)
            case ast.Pass():
                self.instead(s, [ast.Return(ast.Constant(None))], "statement", 1)
                self.instead(s, [ast.Continue()], "loop", 1)
            case ast.Continue():
                self.instead(s, [ast.Break()], "loop", 1)
            case ast.Break():
                self.instead(s, [ast.Continue()], "loop", 1)
        if isinstance(s, ast.Return) and in_loop(s):
            self.instead(s, [ast.Continue()], "loop", 1)
        if isinstance(s, ast.Assign) and isinstance(s.parent, ast.If) and asks_for_none(s.parent.test):
            self.instead(s, [ast.Continue()], "loop", 1)  # what is missing is left out, and not made up
        match s:
            case ast.Assign([ast.Attribute() as target], value):
                self.replace(value, ast.Constant(None), "constant", 1)
                if isinstance(value, ast.Dict) and len(value.keys) == 1 and value.keys[0] is not None:
                    entry = ast.Subscript(loaded(target), value.keys[0], ast.Store())
                    self.instead(s, [ast.Assign([entry], value.values[0])], "name", 1)
        self.instead(s, [s, s], "statement", 2)

    def also(self, target, value):
        """The names of a sum that may have been meant to become that sum as well: g = v = μ v + g."""
        names = [n for n in walk(value) if isinstance(n, ast.Name) and n.id in self.scope.locals]
        if is_kept(target) and isinstance(value, ast.Name):  # self.v[i] = g = v, where g is what is used below
            nodes = [n for n in own_nodes(self.scope.function) if isinstance(n, ast.Name) and n.id != value.id]
            earlier = {n.id for n in nodes if is_stored(n) and n.lineno < target.lineno}
            below = [n for n in nodes if is_read(n) and n.lineno > target.lineno and n.id in earlier]
            return unique([stored(n) for n in below])[:MOST_TOGETHER]
        if not (isinstance(target, ast.Name) and isinstance(value, ast.BinOp)):
            return []
        return unique([stored(n) for n in names if n.id != target.id])

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
        if isinstance(target, ast.Subscript) and isinstance(value, ast.Call) and len(value.args) == 1:
            known = [n for n in self.scope.atoms if isinstance(n, ast.Attribute) and n.attr == "data"]
            for atom in (n for n in known if isinstance(n.value, ast.Name)):  # the thing itself moves, and no new one
                self.instead(statement, [ast.Assign([stored(atom)], value.args[0])], "name", 1.5)
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
            indented = above is statement.parent and isinstance(above, ast.If) and statement is block[-1]
            self.move(statement, around, at + 1, INDENTING if indented else 2)
            above = above.parent
        for neighbour in block[max(0, place - 1) : place] + block[place + 1 : place + 2]:
            body = getattr(neighbour, "body", None)
            follows = isinstance(neighbour, ast.For | ast.If) and neighbour in block[:place]
            if isinstance(neighbour, ast.For | ast.If) and self.ran(body[0]):
                self.move(statement, body, 0)
            if follows or (isinstance(neighbour, ast.For | ast.If) and self.ran(body[0])):
                self.move(statement, body, len(body), INDENTING if follows else 2)

    def move(self, statement, block, place, cost=2):
        if self.full() or (jumps([statement]) and not in_loop(block[0])):
            return
        number = self.add(statement, "order", cost)
        self.statements.setdefault(id(statement), []).append((number, [ast.Pass()]))
        self.insert(block, place, [statement], "order", cost, number)

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


def grown_in(loop):
    """The texts of what a loop puts something into."""
    return {text(n.func.value) for n in walk(loop) if grows(n)}


def gone_over(statement):
    """The texts of what the loops around a statement go over, where it puts something into something."""
    found, above = set(), statement.parent if isinstance(statement, ast.Expr) and grows(statement.value) else None
    while isinstance(above, ast.stmt) and not isinstance(above, FUNCTIONS):
        found |= {text(above.iter)} if isinstance(above, ast.For) else set()
        above = above.parent
    return found


def grows(node):
    """Return whether a node is a call that makes a list longer."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("append", "extend", "insert")


def is_last(statement):
    return (block_of(statement) or [statement])[-1] is statement


def parting(block, other):
    """The line where a block parts from another one; of what it lacks, the line above."""
    first = next((n for n, (a, b) in enumerate(zip(block, other, strict=False)) if text(a) != text(b)), None)
    if first is None:
        return block[min(len(block), len(other)) - 1].end_lineno
    lacks = text(block[first]) in map(text, other[first:])
    return block[first - 1].end_lineno if lacks and first else block[first].lineno
