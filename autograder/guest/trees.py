"""Reads and makes syntax trees of a submission: what the edits of its source are made with. Standard library only."""

import ast
import builtins
import copy

BUILTINS = frozenset(dir(builtins))
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
OPERATORS = (*ARITHMETIC, ast.FloorDiv, ast.Mod, ast.MatMult)  # those that may stand where another one belongs
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
PATHS = (ast.Name, ast.Attribute, ast.Subscript)
COMPOUND = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare, ast.BoolOp, ast.IfExp)
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Continue, ast.Break, ast.Raise)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MADE = (ast.List, ast.Dict, ast.ListComp, ast.DictComp, ast.Call)  # expressions that make an object which may change
MATHS = ("sqrt", "square", "abs", "maximum", "minimum", "power", "multiply", "add", "subtract", "divide", "pow")
SHAPES = ("ravel", "flatten", "reshape", "astype")
METHODS = ("copy", "item", "numpy", "mean", "sum", *SHAPES)  # of arrays and tensors
SUMS = ("mean", "sum", "max", "min", "norm", "clip", "sign", "round", "floor", "ceil", "exp", "log")
for kind in (ast.expr, ast.stmt, ast.keyword):  # nodes made here stand nowhere: no need to give each a place
    kind.lineno = kind.end_lineno = 1
    kind.col_offset = kind.end_col_offset = 0


def head_end(node):
    """The last line of a node; of a compound statement the last line of its head."""
    body = getattr(node, "body", None)
    if isinstance(node, ast.Match):
        return node.subject.end_lineno
    if isinstance(node, ast.stmt) and isinstance(body, list) and body:
        return max(node.lineno, min(node.end_lineno, body[0].lineno - 1))
    return node.end_lineno


def parse(source):
    """The tree, with its parent on every node.

    What a function sets to a value has no type beside it any more, and a module's `f = lambda x: …` is a function.
    """
    tree = ast.parse(source)
    tree.body = [written_out(statement) for statement in tree.body]
    for function in [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS)]:
        Untyped().generic_visit(function)
    return annotated(tree)


def written_out(statement):
    match statement:
        case ast.Assign([ast.Name(name)], ast.Lambda(arguments, value)):
            function = ast.parse("def f(): return None").body[0]
            function.name, function.args = name, arguments
            function.body = [ast.copy_location(ast.Return(value), value)]
            return ast.copy_location(function, statement)
    return statement


class Untyped(ast.NodeTransformer):
    """Leaves out the types of what is set: no edit is about them."""

    def visit_AnnAssign(self, node):
        return ast.copy_location(ast.Assign([node.target], node.value), node) if node.value else node

    def visit_ClassDef(self, node):
        return node


def walk(node):
    """A node and all that is below it, level by level: found once for each node."""
    if not hasattr(node, "below"):
        node.below = below = [node]
        for one in below:
            for name in one._fields:
                value = getattr(one, name, None)
                if isinstance(value, ast.AST):
                    below.append(value)
                elif isinstance(value, list):
                    below += [n for n in value if isinstance(n, ast.AST)]
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


def classes(tree):
    """Every class of the file by its name: found once for a tree."""
    if not hasattr(tree, "classes"):
        tree.classes = {n.name: n for n in walk(tree) if isinstance(n, ast.ClassDef)}
    return tree.classes


def found_in(tree):
    patched = dict(patches(tree))
    for node in walk(tree):
        if isinstance(node, FUNCTIONS):
            around = node.parent
            while not isinstance(around, ast.ClassDef | ast.Module):
                around = around.parent
            yield node, around if isinstance(around, ast.ClassDef) else classes(tree).get(patched.get(node.name))


def patches(tree):
    """Functions of the module that are put into a class, with its name: SGD.step = sgd_step."""
    for node in tree.body:
        match node:
            case ast.Assign([ast.Attribute(ast.Name(owner))], ast.Name(function)):
                yield function, owner


def own_nodes(function):
    """All nodes of a function, those inside the functions and classes that it defines left out: found once."""
    if not hasattr(function, "own"):
        function.own = found = [function.args, *function.body]
        for node in found:
            if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                found += ast.iter_child_nodes(node)
    return function.own


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
    """The names in a tree: found once."""
    if not hasattr(node, "names"):
        node.names = frozenset(n.id for n in walk(node) if isinstance(n, ast.Name))
    return node.names


def own_names(node):
    """The attributes of `self` in a tree: found once."""
    if not hasattr(node, "own_attributes"):
        node.own_attributes = frozenset(n.attr for n in walk(node) if is_own(n))
    return node.own_attributes


def rest(node):
    return ast.BinOp(ast.Constant(1), ast.Sub(), node)


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


def ancestry(tree, owner):
    """A class and its bases in this file."""
    known = classes(tree)
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


def parsed(code):
    return ast.parse(code, mode="eval").body


def copies(listed):
    """A list of copies of what is in a list."""
    return parsed(f"[one if one is None else one.copy() for one in {listed}]")


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


def last_name(call):
    return getattr(call.func, "attr", None) or getattr(call.func, "id", "")


def numpy_names(tree):
    """The name that NumPy has in this file, if any."""
    names = [a.asname or a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names if a.name == "numpy"]
    return names[:1]


def loaded(node):
    if isinstance(node.ctx, ast.Load):
        return node
    other = copy.copy(node)
    other.ctx = ast.Load()
    return other


def unique(nodes, key=None):
    return list({(key or text)(n): n for n in reversed(list(nodes))}.values())[::-1]


def acts_as_loop(call):
    """Return whether a call gives several things in each turn: enumerate(x), zip(x, y), x.items()."""
    return last_name(call) in ("enumerate", "zip", "items")


def is_key(node):
    """Return whether a text is what an entry of a dictionary is called: in a subscript, a dictionary or a call."""
    above = getattr(node, "parent", None)
    holds = isinstance(above, ast.Dict) and any(node is key for key in above.keys)
    holds = holds or (isinstance(above, ast.Subscript) and node is above.slice)
    asks = isinstance(above, ast.Call) and node is not above.func
    holds = holds or (asks and (is_own(above.func) or last_name(above) in ("get", "pop", "setdefault", "getattr")))
    return holds and isinstance(node, ast.Constant) and isinstance(node.value, str)


def hands_on(call):
    """Return whether a call computes with its arguments, makes an object of them, or is a statement about them."""
    maker = call.func.func if isinstance(call.func, ast.Call) else call.func  # Sigmoid()(x)
    if isinstance(maker, ast.Name):
        return maker.id[:1].isupper()
    return getattr(call.func, "attr", "") in MATHS or (isinstance(call.parent, ast.Expr) and is_own(call.func))


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


def changes_nothing(statement):
    """Return whether a statement sets something to what it is: x = x, x = x * 1, x *= 1, x += 0."""
    match statement:
        case ast.Assign([target], ast.BinOp(left, op, value)):
            return isinstance(target, PATHS) and text(target) == text(left) and is_neutral(op, value)
        case ast.Assign([target], value):
            return isinstance(target, PATHS) and text(target) == text(value)
        case ast.AugAssign(_, op, value):
            return is_neutral(op, value)
    return False


def is_neutral(op, value):
    """Return whether an operator leaves any number as it is with this one on its right: x * 1, x + 0."""
    return (isinstance(op, ast.Mult | ast.Div | ast.Pow) and number_of(value) == 1) or (
        isinstance(op, ast.Add | ast.Sub) and number_of(value) == 0
    )


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


def in_loop(statement):
    """Return whether a statement is in the body of a `for`, and not in its `else`."""
    below, above = statement, getattr(statement, "parent", None)
    while above is not None and not isinstance(above, FUNCTIONS):
        if isinstance(above, ast.For) and not any(below is last for last in above.orelse):
            return True
        below, above = above, getattr(above, "parent", None)
    return False


def jumps(statements):
    """Return whether a `continue` or `break` in these statements needs a loop around them."""
    todo = list(statements)
    while todo:
        one = todo.pop()
        if isinstance(one, ast.Continue | ast.Break):
            return True
        if not isinstance(one, ast.For | ast.While):
            todo += [n for n in ast.iter_child_nodes(one) if not isinstance(n, ast.expr)]
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
    """Count the names, attributes and kinds of nodes in a tree, one by one and in all: once for each tree."""
    if not hasattr(node, "bag"):
        bag = {}
        for n in walk(node):
            sign = getattr(n, "id", None) or getattr(n, "attr", None) or type(n).__name__
            bag[sign] = bag.get(sign, 0) + 1
        node.bag = bag, sum(bag.values())
    return node.bag


def nodes_in(node):
    """Count the nodes of a tree."""
    return tokens(node)[1]


def distance(one, other):
    """Count the nodes that only one of two trees has, whatever their order."""
    (mine, some), (theirs, others) = tokens(one), tokens(other)
    return some + others - 2 * sum([min(count, theirs[sign]) for sign, count in mine.items() if sign in theirs])


def alike(one, other):
    """Return whether two trees differ in a few nodes, or in half of those of the larger one at most."""
    some, others = nodes_in(one), nodes_in(other)
    most = max(4, 0.5 * max(some, others))
    return abs(some - others) <= most and 0 < distance(one, other) <= most
