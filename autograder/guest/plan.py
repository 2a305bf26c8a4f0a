"""Makes single edits of a submission's own source: the grammar of small repairs.

Every edit comes from the file itself (its names, constants, calls, expressions and statements) and from a general
grammar (operators, operands, neighbours of constants, insertions of what is in scope).
"""

import ast
import copy

from gradmark_edits import MOST_GAPS
from gradmark_scope import Scope
from gradmark_statements import StatementEdits
from gradmark_trees import (
    FUNCTIONS,
    MADE,
    SIMPLE,
    ancestry,
    block_of,
    defined,
    exchanged,
    free_names,
    functions,
    is_called,
    is_kept,
    is_own,
    is_read,
    is_stored,
    loaded,
    number_of,
    of_self,
    own_nodes,
    parsed,
    replaced,
    same,
    statement_of,
    stored,
    text,
    unique,
    walk,
)

EMPTY = ("{}", "[None] * len(self.params)", "0", "None", "[]")  # what a constructor may begin with
WRAPS = (lambda node: node, lambda node: ast.Call(ast.Name("list", ast.Load()), [node], []))


class Plan(StatementEdits):
    """All edits of some functions, in a fixed order."""

    def __init__(self, tree, covered, *, rich, refused=False, given=()):
        """Collect the edits of what ran.

        `refused`: a TypeError ended the run, perhaps because a function that never ran takes other arguments.
        `given`: names that the module has, whether the file sets them or not.
        """
        super().__init__(tree, covered, rich=rich)
        self.settled = set()  # classes whose constants have been changed
        for function, owner in functions(tree):
            if rich and function.name == "__init__":
                continue  # nothing is computed there
            if any(line in covered for line in range(function.body[0].lineno, function.end_lineno + 1)):
                self.scope = Scope(tree, function, owner, given)
                if function.name == "__init__" and owner is not None:
                    self.scope.awaited = self.unset_by_heirs(function, owner)
                self.signature(function, owner)
                self.of_module(function)
                self.block(function.body)
                self.returned(function)
                if not rich:
                    self.misnamed(function, owner)
                    self.keyed(function)
                    self.unread(function)
                    self.of_one_for_all(function, owner)
                    self.of_class(owner)
            elif refused and not rich:
                self.scope = Scope(tree, function, owner, given)
                self.optional(function)
        self.most += MOST_GAPS
        for scope, block, place in self.gaps:
            self.scope = scope
            self.gap(block, place)

    def misnamed(self, function, owner):
        """Renames what is read in many places and set nowhere: in all of them at once, by a name that is set."""
        mine, owned, known = self.owned(function, owner)
        if function.name == "__init__":
            self.decided(function, owner)
            self.unset(function, sorted({n.attr for n in owned} - known | self.scope.awaited))
            self.shared(function, owner)
            self.lost_settings(function)
        loose = [n for n in own_nodes(function) if isinstance(n, ast.Name) and n.id in self.scope.loose]
        for name in sorted({n.attr for n in owned} - known) if known and function is mine[0] else ():
            self.everywhere([n for n in owned if n.attr == name], [of_self(other) for other in sorted(known)])
        for name in sorted({n.id for n in loose}):
            others = [ast.Name(other, ast.Load()) for other in self.scope.readable]
            others += [of_self(name)] if name in known else []
            self.everywhere([n for n in loose if n.id == name], others)

    def keyed(self, function):
        """Keys by which a function finds what the object keeps, by others: in all places at once."""
        places = {}
        for node in own_nodes(function):
            match node:
                case ast.Subscript(kept, ast.expr() as key):
                    pass
                case ast.Call(ast.Attribute(kept, "get" | "setdefault" | "pop"), [key, *_]):
                    pass
                case ast.Compare(key, [ast.In() | ast.NotIn()], [kept]):
                    pass
                case _:
                    continue
            if is_own(kept) and not isinstance(key, ast.Slice | ast.Tuple) and not is_text(key):
                places.setdefault(text(key), []).append(key)
        for known, nodes in places.items():
            self.everywhere(nodes, [n for n in self.scope.indices if text(n) != known and not is_text(n)])

    def of_class(self, owner):
        """Constants that a class sets for all its objects, its heirs' among them."""
        if owner is None:
            return
        for one in (n for n in self.tree.body if isinstance(n, ast.ClassDef) and owner in ancestry(self.tree, n)):
            values = [s.value for s in one.body if isinstance(s, ast.Assign | ast.AnnAssign)]
            for value in (v for v in values if isinstance(v, ast.Constant) and one not in self.settled):
                self.constant(value, static=True)
            for value in (v for v in values if isinstance(v, ast.Attribute) and one not in self.settled):
                beside = [n for n in walk(self.tree) if isinstance(n, ast.Attribute) and same(n.value, value.value)]
                for other in unique(beside):  # another member of the same enumeration
                    self.replace(value, other, "constant", 1, static=True)
            if one not in self.settled:
                self.of_fields(one)
                self.never_asked(one)
            self.settled.add(one)

    def of_module(self, function):
        """Numbers that the module gives a name, and that this function reads or has as a default."""
        known = free_names(function)
        for statement in self.tree.body if not self.rich else ():
            match statement:
                case ast.Assign([ast.Name(name)], value) if name in known and number_of(value) is not None:
                    if statement not in self.settled:
                        by_default = name in {n.id for n in walk(function.args) if isinstance(n, ast.Name)}
                        self.constant(value, "default" if by_default else "constant", static=True)
                    self.settled.add(statement)

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

    def lost_settings(self, function):
        """Sets what a constructor takes under any names, as attributes of those names."""
        given = function.args.kwarg
        if given is not None and "__dict__" not in {n.attr for n in walk(function) if isinstance(n, ast.Attribute)}:
            keep = ast.Call(
                ast.Attribute(of_self("__dict__"), "update", ast.Load()), [ast.Name(given.arg, ast.Load())], []
            )
            self.insert(function.body, len(function.body), [ast.Expr(keep)], "statement", 2)

    def never_asked(self, one):
        """Renames what a class sets and nobody asks for, by the name of what a parent sets."""
        asked = {n.attr for n in walk(self.tree) if isinstance(n, ast.Attribute)} | self.scope.known
        above = [s for c in ancestry(self.tree, one)[1:] for s in c.body if isinstance(s, ast.Assign)]
        for statement in one.body:
            match statement:
                case ast.Assign([ast.Name(name)], value) if name not in asked:
                    for other in unique([t for s in above for t in s.targets if text(t) != name]):
                        self.instead(statement, [ast.Assign([other], value)], "name", 1, static=True)

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
        parents = [
            c
            for c in ancestry(self.tree, owner)[1:]
            if not any(isinstance(s, FUNCTIONS) and s.name == "__init__" for s in c.body)
        ]
        once += [s for parent in parents for s in parent.body if is_made_once(s)]
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
            for answer in [*self.answers(), *self.handed_on(function), *self.scope.quotients]:
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


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_made_once(statement):
    """Return whether a statement of a class makes a list, a dictionary or another object, under one name."""
    value = getattr(statement, "value", None)
    named = isinstance(statement, ast.Assign | ast.AnnAssign) and len(defined(statement)) == 1
    return named and value is not None and any(isinstance(n, MADE) for n in walk(value))
