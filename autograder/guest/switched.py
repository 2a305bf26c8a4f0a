"""Puts all edits of some functions into one program, behind a switch: to try one of them costs no compiling."""

import ast
import copy
import operator

from gradmark_trees import MATHS, PATHS, clone, functions, last_name, loaded, text, walk

SWITCH = "_edit_"  # the global that says which edit is on; 0 = none
NOTE = "_note_"  # the global that notes a value and returns it
BELOW, LAST = -1, 99  # the depth of the operands of what an edit puts in, and of what a statement sets
BLOCKS = ("body", "orelse", "finalbody")  # of statements
DECLARING = (ast.Global, ast.Nonlocal)
ELSEWHERE = 1000  # and of all that is computed elsewhere, one after the other


class Build:
    """The tree with all edits behind a switch, or those in `switched`; or with some of them (`only`) made.

    `watched`, an edit that is made, has what encloses it noted when it is computed, from the inside out, and then
    what its statements set.
    """

    def __init__(self, plan, only=None, watched=None, switched=None):
        self.plan, self.only, self.noted, self.setting, self.dropped = plan, only, {}, None, None
        self.wanted = only if only is not None else switched  # None: every edit
        if watched is not None:
            node = watched.anchor
            made = [new for number, new in plan.expressions.get(id(node), ()) if number == watched.number]
            self.dropped = dropped(node, made)
            if handed_over(node, plan.tree):
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
        self.touched = self.around() if self.wanted is not None and watched is None else None
        inserted = {number for others in plan.insertions.values() for number, _ in others}
        self.only_inserted = bool(only and set(only) & inserted)

    def around(self):
        """Return the ids of the nodes with a wanted edit in them."""
        places = (self.plan.expressions, self.plan.statements)
        nodes = {key for some in places for key, others in some.items() if self.asked(others)}
        gaps = {block for (block, _), others in self.plan.insertions.items() if self.asked(others)}
        found = set()
        for node in walk(self.plan.tree):
            here = id(node) in nodes or any(id(getattr(node, name, None)) in gaps for name in BLOCKS)
            while here and node is not None and id(node) not in found:
                found.add(id(node))
                node = getattr(node, "parent", None)
        return found

    def tree(self):
        return self.node(self.plan.tree)

    def node(self, node):
        """The node with every edit in its place: a copy, or itself where nothing in it is edited."""
        if self.touched is not None and id(node) not in self.touched:
            return node
        new = node
        for field, value in ast.iter_fields(node):
            made = value
            if isinstance(value, list):
                in_block = value and isinstance(value[0], ast.stmt)
                made = self.block(value) if in_block else [self.node(v) if isinstance(v, ast.AST) else v for v in value]
                made = value if len(made) == len(value) and all(map(operator.is_, made, value)) else made
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator):
                made = self.node(value)
            if made is not value:
                new = copy.copy(node) if new is node else new
                setattr(new, field, made)
        if not isinstance(node, ast.expr):
            return new
        new = self.choice(new, self.asked(self.plan.expressions.get(id(node))))
        if id(node) in self.noted:
            return note(self.noted[id(node)], new)
        return self.note_elsewhere(new) if self.watched and is_computed(node) else new

    def asked(self, others):
        """Those of a place's edits that are to stand in the program."""
        if not others or self.wanted is None:
            return others
        return [entry for entry in others if entry[0] in self.wanted]

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
        """The statements with their edits; `global` and `nonlocal` come first, as no edit may use their names above."""
        made = [statement for statement in block if isinstance(statement, DECLARING)]
        for place, statement in enumerate(block):
            put = self.guarded(self.asked(self.plan.insertions.get((id(block), place))), None)
            here = self.guarded(self.asked(self.plan.statements.get(id(statement))), self.node(statement))
            if self.setting is not None and put:
                put += targets_noted(put)
            if statement is self.setting and not self.only_inserted and not isinstance(statement, ast.For):
                here = [*here, *targets_noted([*here, statement])]
            if self.watched and isinstance(statement, ast.AugAssign):
                here = [*here, ast.Expr(self.note_elsewhere(loaded(statement.target)))]
            made += put if isinstance(statement, DECLARING) else [*put, *here]
        return made + self.guarded(self.asked(self.plan.insertions.get((id(block), len(block)))), None)

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
            return self.placed(others[0][1], others[0][0])
        chain = others[-1][1]
        for number, new in reversed(others[:-1]):
            chain = ast.IfExp(ast.Compare(switch(), [ast.Eq()], [ast.Constant(number)]), new, chain)
        return ast.IfExp(among(others), chain, node)

    def guarded(self, others, statement):
        whole = [] if statement is None else [statement]
        if not others:
            return whole
        if self.only is not None:
            return self.placed(others[0][1], others[0][0])
        each = [ast.If(ast.Compare(switch(), [ast.Eq()], [ast.Constant(number)]), new, []) for number, new in others]
        return [ast.If(among(others), each, whole)]


def handed_over(node, tree):
    """Return whether an expression is handed to the constructor of a parent, or to a function of this file."""
    call = node.parent.parent if isinstance(node.parent, ast.keyword) else node.parent
    if not isinstance(call, ast.Call) or node is call.func:
        return False
    return text(call.func) == "super().__init__" or last_name(call) in {f.name for f, _ in functions(tree)}


def dropped(node, made):
    """The term of a sum that an edit drops: it tells what was too much."""
    if not (made and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)):
        return None
    return node.right if made[0] is node.left else node.left if made[0] is node.right else None


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
