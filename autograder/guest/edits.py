"""Collects single edits of a submission's source, in a fixed order, with the places of the tree where each acts."""

import ast

from gradmark_trees import head_end, in_loop, is_docstring, is_kept, jumps, same, text, walk

MOST_GAPS = 1000  # more, for statements that may be missing
MOST_EDITS = 8000  # of one search: about half a second of computing


class Edit:
    """One change: where it is in the file, what it is, and how large."""

    __slots__ = ("anchor", "cost", "end", "kind", "line", "number", "static")

    def __init__(self, number, node, kind, cost, static):
        self.number, self.kind, self.cost, self.static = number, kind, cost, static
        self.anchor = node
        self.line, self.end = node.lineno, head_end(node)


class Edits:
    """The edits of some functions, and the places of the tree where each acts.

    Each expression and each statement has its edits by its id: their numbers, and what each puts in its place. A gap
    between statements has them by the id of the block and the place in it.
    """

    def __init__(self, tree, covered, *, rich):
        self.tree, self.covered, self.rich = tree, covered, rich
        self.scope = None  # of the function whose edits are collected
        self.inside_of = ""  # what a loop goes over, or what a constructor keeps of its arguments: the kind of an edit
        self.extra = 0  # of the cost of what is edited
        self.growing = set()  # what a loop would never come to the end of: what it goes over, and puts something into
        self.most = MOST_EDITS
        self.gaps = []  # each with its scope: where a statement may be missing, which is looked at last
        self.edits, self.expressions, self.statements, self.insertions = [], {}, {}, {}

    def everywhere(self, nodes, others):
        for other in others if len(nodes) > 1 and not self.full() else ():
            number = self.add(nodes[0], "name", 1, static=False)
            for node in nodes:
                self.expressions.setdefault(id(node), []).append((number, other))

    def changes(self, numbers):
        """Return for each of some edits its kind, what stands there, and what it puts in: equal in another function."""
        put = {number: [] for number in numbers}
        for places in (self.expressions, self.statements, self.insertions):
            for number, new in (entry for others in places.values() for entry in others if entry[0] in put):
                put[number] += map(text, new if isinstance(new, list) else [new])
        edits = ((number, self.edits[number - 1]) for number in numbers)
        return {number: (edit.kind, text(edit.anchor), *put[number]) for number, edit in edits}

    def full(self):
        """Return whether there are as many edits as one search may try."""
        return len(self.edits) >= self.most

    def add(self, node, kind, cost, *, static=False):
        edit = Edit(len(self.edits) + 1, node, kind, cost, static)
        self.edits.append(edit)
        return edit.number

    def replace(self, node, new, kind, cost, *, static=False, at=None):
        if not self.full() and not same(new, node) and not (self.growing and self.growing & set(map(text, walk(new)))):
            number = self.add(at or node, self.inside_of or kind, cost + self.extra, static=static)
            self.edits[-1].anchor = node
            self.expressions.setdefault(id(node), []).append((number, new))

    def instead(self, statement, new, kind, cost, *, static=False):
        if self.full() or (jumps(new) and not in_loop(statement)):
            return
        self.statements.setdefault(id(statement), []).append((self.add(statement, kind, cost, static=static), new))

    def insert(self, block, place, new, kind, cost, number=None):
        """Puts statements before block[place]; the line told is the one above the gap."""
        if (self.full() and number is None) or (jumps(new) and not in_loop(block[0])):
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
