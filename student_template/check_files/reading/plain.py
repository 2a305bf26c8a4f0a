r"""Turns what people type into ASCII: LaTeX, digits of all scripts, superscripts, Greek, dashes, NumPy's names.

$\frac{6}{5}$ → ((6)/(5))     2·10⁹ → 2*10^(9)     θ̂ₜ₋₁ → theta_hat_prev     np.sqrt(v) → sqrt(v)
"""

from __future__ import annotations

import re
import unicodedata

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "ϵ": "eps", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ϑ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ϕ": "phi", "ω": "omega", "Δ": "Delta",
}  # fmt: skip
COMMANDS = {  # LaTeX: what a command means here
    "cdot": "*", "times": "×", "ast": "*", "odot": "*", "circ": "*", "div": "/", "leftarrow": "=", "gets": "=",
    "coloneqq": "=", "approx": "≈", "simeq": "≈", "sim": "~", "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥",
    "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "pm": "±", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|",
    "nabla": "∇", "varepsilon": "eps", "epsilon": "eps", "vartheta": "theta", "to": "→", "rightarrow": "→",
    "Rightarrow": "→", "left": "", "right": "", "big": "", "Big": "", "bigl": "", "bigr": "", "displaystyle": "",
    "quad": " ", "qquad": " ", "lbrack": "(", "rbrack": ")",
}  # fmt: skip
_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}"  # braces, four deep
_STYLE = re.compile(
    r"\\(?:text|textrm|textit|mathrm|mathit|mathbf|boldsymbol|operatorname|mbox|mathcal|mathsf)\s*" + _GROUP
)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:" + _GROUP + r"|(\d))\s*(?:" + _GROUP + r"|(\d))")
_ROOT = re.compile(r"\\sqrt\s*" + _GROUP)
_HAT = re.compile(r"\\(?:wide)?hat\s*(?:" + _GROUP + r"|(\\[A-Za-z]+|[A-Za-z]))")
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜₖₙ₋₊", "0123456789tkn-+")
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ᵗⁿᵏᵃᵇˣʸ⁻⁺⁽⁾", "0123456789tnkabxy-+()")
_DASHES = str.maketrans(dict.fromkeys("−–—‒‐‑﹣－", "-"))
_FRACTIONS = re.compile(r"(\d*)\s*([¼-¾⅐-⅞])")
MAX_NESTED = 20  # commands inside each other: no formula of a course has more than four


def without_latex(text: str) -> str:
    r"""The same without LaTeX: `\frac{a}{b}` as `((a)/(b))`, `\hat{m}` as `m_hat`, `\beta_1` as `beta_1`."""
    if not any(sign in text for sign in "\\$^"):
        return text
    text = re.sub(r"\$|\\[()\[\],;:! ]", " ", text.replace("\\\\", " ; ")).replace(r"\_", "_")
    for _ in range(MAX_NESTED):
        before = text
        text = _STYLE.sub(r" \1 ", text)
        text = _FRACTION.sub(lambda m: f"(({m[1] or m[2]})/({m[3] or m[4]}))", text)
        text = _ROOT.sub(r"sqrt(\1)", text)
        text = _HAT.sub(lambda m: f" {(m[1] or m[2]).strip()}_hat", text)
        if text == before:
            break
    text = re.sub(r"\\([%&#{}])", r"\1", text)
    text = re.sub(r"\^\s*" + _GROUP, r"^(\1)", text)
    return re.sub(r"\\([A-Za-z]+)\s*(_hat)?", _command, text)


def _command(match: re.Match[str]) -> str:
    meaning = COMMANDS.get(match[1])
    if meaning is not None:
        return f" {meaning} "
    following = match.string[match.end() : match.end() + 1]
    known = match[1] in GREEK.values() or match[1] in ("sqrt", "exp", "log", "ln", "mu", "pi")
    name = match[1] if known else f"\\{match[1]}"
    return f" {name}{match[2] or ''}{'' if following in ('_', '^', '(') else ' '}"


def _root(text: str) -> str:
    """`sqrt(` for the root of a spreadsheet in another language: `WURZEL(0,001)`."""
    return re.sub(r"\b(?:WURZEL|RACINE|RAIZ|RADQ)\(", "sqrt(", text, flags=re.IGNORECASE)


def digits(text: str) -> str:
    """ASCII digits for those of all scripts, `^(…)` for superscripts, `-` for dashes, plain spaces; `½` as `(1/2)`."""
    text = _root(text)
    if text.isascii():
        return text.replace("`", "'")
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")  # marks of direction, spaces of no width
    text = re.sub("[\uff01-\uff5e\u24b6-\u24e9]", lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = _FRACTIONS.sub(lambda m: _fraction(m[1], m[2]), text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹ᵗⁿᵏᵃᵇˣʸ⁻⁺⁽⁾]+", lambda m: f"^({m[0].translate(_SUPER)})", text)
    text = "".join(str(unicodedata.decimal(c, c)) if not c.isascii() else c for c in text)
    text = text.translate(_DASHES).replace("\u066b", ".").replace("\u066c", ",")
    return re.sub("[’‘ʼ`´]", "'", text)


def _fraction(whole: str, sign: str) -> str:
    over, _, under = unicodedata.normalize("NFKD", sign).partition("\u2044")
    return f"({whole}+{over}/{under})" if whole else f"({over}/{under})"


def formula(text: str) -> str:
    """A formula in ASCII: Greek by name, hats as `_hat`, subscripts in the name, superscripts as powers."""
    text = without_latex(text)
    text = re.sub(r"∇\s*(?:_?\{?\s*(?:θ|theta)\s*\}?)?\s*L(?![A-Za-z])", " grad ", text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉ₜₖₙ₋₊]+", lambda m: f"_{{{m[0].translate(_SUB)}}} ", text)
    text = unicodedata.normalize("NFKD", digits(text))
    text = re.sub("(.)\u0302", r"\1_hat", text)
    text = re.sub(r"\b([A-Za-z])\^(?=\s*(?:[*/),;]|\Z|\+\s))", r"\1_hat", text)  # m^/(√v^ + ε)
    text = re.sub(r"\b(?:np|numpy|math|torch|jnp|self)\.(?=[A-Za-z])", "", text)
    text = re.sub(r"\b[A-Za-z_]\w*\.grad(?:\.data)?\b", "grad", text)
    text = re.sub(r"\.data\b", "", text)
    text = re.sub(r"\b([A-Za-z_]\w*)\.sqrt\(\s*\)", r"sqrt(\1)", text)
    text = re.sub(r"\bhat\s*[({]\s*(\w+)\s*[)}]", r"\1_hat", text)
    text = re.sub(r"_[({]\s*t\s*-\s*1\s*[)}]|\[\s*t\s*-\s*1\s*\]", "_prev ", text)
    text = re.sub(r"_[({]\s*t\s*\+\s*1\s*[)}]|\[\s*t\s*\+\s*1\s*\]", "_next ", text)
    text = re.sub(r"_\{\s*(\w+)\s*\}", r"_\1 ", text)
    text = re.sub(r"(?<=[A-Za-z0-9_])\[\s*t\s*\]", "_t ", text)
    # a Greek letter is a name of its own, which goes on with digits and subscripts only
    text = re.sub(f"([{''.join(GREEK)}])(?![0-9_])", r"\1 ", text)
    text = re.sub(f"[{''.join(GREEK)}]", lambda m: f" {GREEK[m[0]]}", text)
    text = re.sub("[×·⋅∙∗✕]", "*", text)
    text = re.sub("[÷\u2044]", "/", text)
    return text.replace("{", "(").replace("}", ")").replace("[", "(").replace("]", ")")
