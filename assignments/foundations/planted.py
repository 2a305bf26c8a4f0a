"""Every misconception as a student would have written it: text replacements in the model solution.

They are independent witnesses of the family (family.py): written as code, from the belief's title.
"""

from __future__ import annotations

from collections.abc import Mapping

Edits = tuple[tuple[str, str], ...]


def plant(source: str, misconception_id: str) -> str:
    """The model solution's source with this misconception in it.

    Raises:
        KeyError: nobody has written down yet how this misconception looks.
        ValueError: the model solution changed, and an edit's old text is no longer there exactly once.
    """
    for old, new in PLANTED[misconception_id]:
        if source.count(old) != 1:
            raise ValueError(
                f"{misconception_id}: the model solution holds `{old}` {source.count(old)} times, not once."
            )
        source = source.replace(old, new)
    return source


RELU = "np.maximum(x.data, 0)"
SIGMOID = "np.where(x.data >= 0, 1, small) / (1 + small)"
TANH = "np.tanh(x.data)"
GATE = "Sigmoid()(Tensor(1.702 * x.data)).data"
GELU = "x.data * gate"
SHIFT = "powers = np.exp(x.data - largest)"
TOTAL = "total = powers.sum(axis=dim, keepdims=True)"
SOFTMAX = "Tensor(powers / total)"
LOG_OF_SUM = "log_of_sum = np.log(np.exp(shifted).sum(axis=dim, keepdims=True))"
LOG = "Tensor(shifted - log_of_sum)"
SHIFTED = "shifted = x.data - largest"
SQUARE = "Tensor(np.mean(difference**2))"
LOGS = "log_probabilities = log_softmax(logits).data"
PICK = "picked = log_probabilities[rows, targets.data.astype(int)]"
REDUCE = "Tensor(-np.mean(picked))"
LARGEST_OF_SOFTMAX = (
    "        largest = x.data.max(axis=dim, keepdims=True)\n        powers",
    "        largest = x.data.max()\n        powers",
)
PROBABILITIES = "np.exp(shifted) / np.exp(shifted).sum(axis=dim, keepdims=True)"


def _relu(formula: str) -> Edits:
    return ((RELU, formula),)


def _sigmoid(formula: str) -> Edits:
    return ((SIGMOID, formula),)


def _tanh(formula: str) -> Edits:
    return ((TANH, formula),)


def _gelu(formula: str) -> Edits:
    return ((GELU, formula),)


def _by_tanh(inner: str, factor: str = "0.5 * ") -> Edits:
    return _gelu(f"{factor}x.data * (1 + np.tanh({inner}))")


def _softmax(formula: str) -> Edits:
    return ((SOFTMAX, f"Tensor({formula})"),)


def _log(formula: str) -> Edits:
    return ((LOG, f"Tensor({formula})"),)


def _square(formula: str) -> Edits:
    return ((SQUARE, f"Tensor({formula})"),)


def _pick(formula: str) -> Edits:
    return ((PICK, f"picked = {formula}"),)


def _reduce(formula: str) -> Edits:
    return ((REDUCE, f"Tensor({formula})"),)


ROOT = "np.sqrt(2 / np.pi)"
PLANTED: Mapping[str, Edits] = {
    "relu-absolute": _relu("np.abs(x.data)"),
    "relu-leaky": _relu("np.where(x.data > 0, x.data, 0.01 * x.data)"),
    "relu-other-half": _relu("np.minimum(x.data, 0)"),
    "relu-negated": _relu("np.maximum(-x.data, 0)"),
    "relu-derivative": _relu("x.data > 0"),
    "relu-capped": _relu("np.minimum(np.maximum(x.data, 0), 6)"),
    "relu-identity": _relu("x.data"),
    "sigmoid-sign": _sigmoid("1 / (1 + np.exp(np.minimum(x.data, 700)))"),
    "sigmoid-without-one": _sigmoid("1 / np.exp(-x.data)"),
    "sigmoid-minus": _sigmoid("1 / (1 - np.exp(-x.data))"),
    "sigmoid-derivative": _sigmoid("small / (1 + small) ** 2"),
    "sigmoid-tanh": _sigmoid("np.tanh(x.data)"),
    "sigmoid-half-slope": _sigmoid("(np.tanh(x.data / 4) + 1) / 2"),
    "sigmoid-double-slope": _sigmoid("(np.tanh(x.data) + 1) / 2"),
    "sigmoid-straight": _sigmoid("np.maximum(0, np.minimum(1, 0.5 + x.data / 5))"),
    "sigmoid-base-two": _sigmoid("1 / (1 + 2 ** (-x.data))"),
    "sigmoid-overflows": _sigmoid("np.exp(x.data) / (np.exp(x.data) + 1)"),
    "tanh-sigmoid": _tanh("Sigmoid()(x).data"),
    "tanh-half-slope": _tanh("2 * Sigmoid()(x).data - 1"),
    "tanh-double-slope": _tanh("2 * Sigmoid()(4 * x).data - 1"),
    "tanh-without-sign": _tanh("(1 - np.exp(-2 * np.abs(x.data))) / (1 + np.exp(-2 * np.abs(x.data)))"),
    "tanh-derivative": _tanh("1 - np.tanh(x.data) ** 2"),
    "tanh-upside-down": _tanh("1 / np.tanh(x.data)"),
    "tanh-numerator": _tanh("np.sinh(x.data)"),
    "tanh-negated": _tanh("-np.tanh(x.data)"),
    "tanh-overflows": _tanh("(np.exp(x.data) - np.exp(-x.data)) / (np.exp(x.data) + np.exp(-x.data))"),
    "gelu-silu": ((GATE, "Sigmoid()(x).data"),),
    "gelu-without-x": _gelu("gate"),
    "gelu-slope-divided": ((GATE, "Sigmoid()(Tensor(x.data / 1.702)).data"),),
    "gelu-slope-of-x": _gelu("1.702 * x.data * gate"),
    "gelu-relu": _gelu("np.maximum(x.data, 0)"),
    "gelu-without-half": _by_tanh(f"{ROOT} * (x.data + 0.044715 * x.data**3)", ""),
    "gelu-without-cube": _by_tanh(f"{ROOT} * x.data"),
    "gelu-square-for-cube": _by_tanh(f"{ROOT} * (x.data + 0.044715 * x.data**2)"),
    "gelu-half-pi": _by_tanh("np.sqrt(np.pi / 2) * (x.data + 0.044715 * x.data**3)"),
    "gelu-without-root": (
        ("import numpy as np\n", "import math\n\nimport numpy as np\n"),
        (GELU, "0.5 * x.data * (1 + np.vectorize(math.erf)(x.data))"),
    ),
    "softmax-over-everything": (LARGEST_OF_SOFTMAX, (TOTAL, "total = powers.sum()")),
    "softmax-without-exponential": ((SHIFT, "powers = x.data"),),
    "softmax-not-divided": _softmax("powers"),
    "softmax-divided-by-mean": ((TOTAL, "total = powers.mean(axis=dim, keepdims=True)"),),
    "softmax-divided-by-largest": ((SHIFT, "powers = np.exp(x.data / largest)"),),
    "softmax-negated": (
        (SHIFT, "powers = np.exp(x.data.min(axis=dim, keepdims=True) - x.data)"),
    ),
    "softmax-base-two": ((SHIFT, "powers = 2 ** (x.data - largest)"),),
    "softmax-squares": ((SHIFT, "powers = x.data**2"),),
    "softmax-lengths": ((TOTAL, "total = np.linalg.norm(powers, axis=dim, keepdims=True)"),),
    "softmax-always-last": ((SHIFT, "dim = -1\n        largest = x.data.max(axis=1, keepdims=True)\n        " + SHIFT),),
    "softmax-always-first": ((SHIFT, "dim = 0\n        largest = x.data.max(axis=0)\n        " + SHIFT),),
    "softmax-overflows": ((SHIFT, "powers = np.exp(x.data)"),),
    "softmax-largest-of-all": (LARGEST_OF_SOFTMAX,),
    "log-softmax-shift-only": _log("shifted"),
    "log-softmax-shift-left-out": _log("x.data - log_of_sum"),
    "log-softmax-sum-of-x": _log("x.data - x.data.sum(axis=dim, keepdims=True)"),
    "log-softmax-negated": _log("log_of_sum - shifted"),
    "log-softmax-base-ten": _log("np.log10(np.exp(1)) * (shifted - log_of_sum)"),
    "log-softmax-base-two": _log("(shifted - log_of_sum) / np.log(2)"),
    "log-softmax-without-logarithm": _log(PROBABILITIES),
    "log-softmax-sum-without-logarithm": ((LOG_OF_SUM, "log_of_sum = np.exp(shifted).sum(axis=dim, keepdims=True)"),),
    "log-softmax-over-everything": (
        (SHIFTED, "shifted = x.data - x.data.max()"),
        (LOG_OF_SUM, "log_of_sum = np.log(np.sum(np.exp(shifted)))"),
    ),
    "log-softmax-always-last": ((SHIFTED, "dim = -1\n    largest = x.data.max(axis=1, keepdims=True)\n    " + SHIFTED),),
    "log-of-softmax": _log(f"np.log({PROBABILITIES})"),
    "log-softmax-overflows": _log("x.data - np.log(np.exp(x.data).sum(axis=dim, keepdims=True))"),
    "log-softmax-kept-above-zero": _log(f"np.log({PROBABILITIES} + 1e-7)"),
    "mse-sum": _square("np.sum(difference**2)"),
    "mse-half": _square("0.5 * np.mean(difference**2)"),
    "mse-root": _square("np.mean(difference**2) ** 0.5"),
    "mse-absolute": _square("np.mean(np.abs(difference))"),
    "mse-not-squared": _square("np.mean(difference)"),
    "mse-square-of-mean": _square("np.mean(difference) ** 2"),
    "mse-per-row": _square("np.sum(difference**2) / len(difference)"),
    "cross-entropy-sum": _reduce("-np.sum(picked)"),
    "cross-entropy-sign": _reduce("np.mean(picked)"),
    "cross-entropy-first": _reduce("-picked[0]"),
    "cross-entropy-over-classes-too": _reduce("-np.sum(picked) / logits.data.size"),
    "cross-entropy-prediction": _pick("log_probabilities[rows, logits.data.argmax(axis=1)]"),
    "cross-entropy-everything": _pick("log_probabilities"),
    "cross-entropy-next-class": _pick("log_probabilities[rows, targets.data.astype(int) + 1 - len(logits.data[0])]"),
    "cross-entropy-first-target": _pick("log_probabilities[:, int(targets.data[0])]"),
    "cross-entropy-softmax-twice": ((LOGS, "log_probabilities = log_softmax(Softmax()(logits)).data"),),
    "relu-in-place": ((f"return Tensor({RELU})", "x.data[x.data < 0] = 0\n        return Tensor(x.data)"),),
    "softmax-in-place": ((SHIFT, "x.data -= largest\n        powers = np.exp(x.data)"),),
    "relu-array": ((f"Tensor({RELU})", RELU),),
    "mse-array": ((SQUARE, "np.mean(difference**2)"),),
    "cross-entropy-array": ((REDUCE, "-np.mean(picked)"),),
    "mse-not-averaged": _square("difference**2"),
}  # fmt: skip
