"""Empty optimizers: the model solution with one step() that does nothing of what is asked, in many ways.

A body is what happens to each parameter `p` with an array `g` of its gradient (zeros where there is none).
"""

import ast
from collections.abc import Iterator

CLASSES = ("SGD", "Adam", "AdamW")
NOT_WRITTEN = 'raise NotImplementedError("TODO")'
BODIES = {
    "identity": "pass",
    "a constant": "p.data = p.data - p.data.dtype.type({number})",
    "lr": "p.data = p.data - p.data.dtype.type(self.lr)",
    "NaN": "p.data = np.full_like(p.data, np.nan)",
    "infinity": "p.data = np.full_like(p.data, -np.inf)",
    "NaN from the second step": "p.data = p.data - self.lr if self.step_count < 2 else np.full_like(p.data, np.nan)",
    "NaN in one place": "p.data = p.data * 1; p.data.flat[0] = np.nan",
    "zeros": "p.data = np.zeros_like(p.data)",
    "ones": "p.data = np.ones_like(p.data)",
    "random": "p.data = p.data + np.random.normal(size=p.data.shape).astype(p.data.dtype)",
    "the same random numbers": "p.data = (p.data + np.random.default_rng({seed}).normal(size=p.data.shape)).astype(p.data.dtype)",
    "the gradient": "p.data = np.array(g, p.data.dtype)",
    "minus the gradient": "p.data = np.array(-g, p.data.dtype)",
    "a share of itself": "p.data = p.data * p.data.dtype.type({number})",
    "turned round": "p.data = -p.data",
    "flat": "p.data = p.data.reshape(-1)",
    "one number": "p.data = np.float32(p.data.sum())",
    "another shape": "p.data = np.zeros((2, 3), p.data.dtype)",
    "no numbers": "p.data = np.zeros((0,), p.data.dtype)",
    "None": "p.data = None",
    "text": "p.data = np.full(p.data.shape, 'x')",
    "the gradient in its place": "p.data = g",
    "only the gradient changes": "p.grad = None",
    "noise from the gradient": "p.data = p.data + np.random.default_rng(abs(hash(g.tobytes()))).normal(size=p.data.shape).astype(p.data.dtype)",
    "raises at the second step": "p.data = p.data - self.lr; assert self.step_count < 2",
    "counts": "p.data = p.data - p.data.dtype.type({number} * self.step_count)",
    "integers": "p.data = np.round(p.data).astype(int)",
    "hyperparameters": "p.data = p.data - p.data.dtype.type(self.lr * (1 + self.weight_decay))",
}  # fmt: skip


def emptied(source: str, name: str, body: str, *, skips: bool = False, counts: bool = True) -> str:
    """The source with the class's step() doing `body` and nothing else."""
    lines = ["def step(self):"]
    lines += ["    self.step_count += 1"] if counts else []
    lines += ["    for p in self.params:"]
    lines += ["        if p.grad is None: continue"] if skips else []
    lines += [
        "        g = getattr(p.grad, 'data', None)",
        "        g = np.zeros_like(p.data) if g is None else np.asarray(g)",
        f"        {body}",
    ]
    return _replaced(source, name, lines)


def unwritten(source: str, name: str) -> str:
    """The source with that step() as the bare template has it."""
    return _replaced(source, name, ["def step(self):", f"    {NOT_WRITTEN}"])


def _replaced(source: str, name: str, lines: list[str]) -> str:
    tree = ast.parse(source)
    methods = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name).body
    at = next(i for i, n in enumerate(methods) if isinstance(n, ast.FunctionDef) and n.name == "step")
    methods[at] = ast.parse("\n".join(lines)).body[0]
    return ast.unparse(tree)


def family(number: float = 0.5, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Every body by its name, with these numbers."""
    for name, body in BODIES.items():
        yield name, body.format(number=number, seed=seed)
