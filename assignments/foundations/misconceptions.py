"""The wrong beliefs that this assignment knows by name: which switches of family.py are turned, or which facts are left.

A hint makes its reader see the idea and never gives the line of code; the reason says where the belief comes from.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.model import Fact, Misconception

SLIP = "a slip that compiles and still looks plausible"
FORMULA = "two formulas confused"
STABLE = "the formula from the book, typed as it stands"


def _rule(
    groups: tuple[str, ...],
    name: str,
    criterion: str,
    title: str,
    hint: str,
    reason: str,
    cost: float = 1.0,
    *,
    common: bool = False,
    **changes: str,
) -> Misconception:
    inherited = () if criterion == STAYS else groups[1:]
    return Misconception(
        name, title, criterion, hint, reason, groups, changes=changes, cost=cost, common=common, inherited=inherited
    )


def _seen(
    name: str, criterion: str, title: str, hint: str, reason: str, facts: Mapping[str, Fact], cost: float = 1.0
) -> Misconception:
    return Misconception(name, title, criterion, hint, reason, facts=facts, cost=cost)


R = ("ReLU",)
S = ("Sigmoid", "GELU")  # whoever builds GELU on their own sigmoid has its mistakes there too, and inherits them
T = ("Tanh",)
G = ("GELU",)
P = ("Softmax",)
L = ("log_softmax", "CrossEntropyLoss")  # the same of the loss and log_softmax
M = ("MSELoss",)
C = ("CrossEntropyLoss",)
STAYS = "stability"

ACTIVATIONS = (
    _rule(R, "relu-absolute", "relu", "Absolute value in place of ReLU", "Your negative numbers come out positive. ReLU lets nothing of them through.", FORMULA, relu="absolute", common=True),
    _rule(R, "relu-leaky", "relu", "Leaky ReLU", "A hundredth of your negative numbers comes through. That is the leaky variant; here they become 0.", "another activation of the same family", relu="leaky", common=True),
    _rule(R, "relu-other-half", "relu", "The other half kept", "You keep the negative numbers and drop the positive ones.", "minimum for maximum", relu="other half"),
    _rule(R, "relu-negated", "relu", "ReLU of −x", "Your positive numbers become 0 and your negative ones come out positive: there is a sign too many.", SLIP, relu="negated"),
    _rule(R, "relu-derivative", "relu", "The slope in place of the value", "You return 1 for every positive number. That is how steep ReLU is there, not how high.", "the derivative from the lecture", relu="derivative", common=True),
    _rule(R, "relu-capped", "relu", "Cut off at 6", "Numbers above 6 come out as 6. That is ReLU6; here nothing is cut off above.", "another activation of the same family", 0.6, relu="capped"),
    _rule(R, "relu-identity", "relu", "Nothing is changed", "Your negative numbers come out as they went in. Is the result of the comparison used?", SLIP, relu="identity"),
    _rule(S, "sigmoid-sign", "sigmoid", "The sign of the exponent", "Your sigmoid falls where it should rise: large numbers come out near 0. Which sign does x have in the exponent?", "a lost minus", sigmoid="sign", common=True),
    _rule(S, "sigmoid-without-one", "sigmoid", "The 1 in the denominator", "Your numbers grow without end: e^x alone has no ceiling. What makes the fraction stay below 1?", SLIP, sigmoid="without one"),
    _rule(S, "sigmoid-minus", "sigmoid", "Minus in the denominator", "Your numbers jump from −∞ to +∞ at 0. The two parts of the denominator are added.", SLIP, sigmoid="minus"),
    _rule(S, "sigmoid-derivative", "sigmoid", "The slope in place of the value", "Your curve is a bump that is highest at 0, with 0.25. That is how steep the sigmoid is, not how high.", "the derivative from the lecture", sigmoid="derivative"),
    _rule(S, "sigmoid-tanh", "sigmoid", "tanh in place of sigmoid", "Your numbers go down to −1. A sigmoid stays between 0 and 1.", FORMULA, sigmoid="tanh"),
    _rule(S, "sigmoid-half-slope", "sigmoid", "Half as steep", "Your curve is half as steep as a sigmoid: what goes into the exponent is half of x.", "σ from tanh, with the factor in the wrong place", sigmoid="half slope"),
    _rule(S, "sigmoid-double-slope", "sigmoid", "Twice as steep", "Your curve is twice as steep as a sigmoid: what goes into the exponent is twice x.", "σ from tanh, with the factor forgotten", sigmoid="double slope"),
    _rule(S, "sigmoid-straight", "sigmoid", "Straight lines", "Your curve is a straight line with two ends: the hard sigmoid of small devices. Here the exponential is asked for.", "another activation of the same family", sigmoid="straight"),
    _rule(S, "sigmoid-base-two", "sigmoid", "Powers of 2", "At 1 you give 0.667; the sigmoid gives 0.731. Your powers have the base 2 and not e.", "2 ** -x", sigmoid="base two"),
    _rule(S, "sigmoid-overflows", STAYS, "e^x of a large x", "For large x both parts of your fraction are infinite, and ∞ / ∞ is no number. Write it so that only small numbers go into the exponential.", STABLE, sigmoid="overflows", common=True),
    _rule(T, "tanh-sigmoid", "tanh", "Sigmoid in place of tanh", "Your numbers stay above 0. tanh goes from −1 to 1, and 0 stays 0.", FORMULA, tanh="sigmoid", common=True),
    _rule(T, "tanh-half-slope", "tanh", "Half as steep", "Your curve is half as steep as tanh: 2σ(x) − 1 is tanh of x / 2.", "tanh from the sigmoid, with the factor forgotten", tanh="half slope"),
    _rule(T, "tanh-double-slope", "tanh", "Twice as steep", "Your curve is twice as steep as tanh.", "tanh from the sigmoid, with the factor twice", tanh="double slope"),
    _rule(T, "tanh-without-sign", "tanh", "The sign is lost", "Your curve is the same for x and −x. The tanh of a negative number is negative.", "|x| in the exponent against overflow, and no sign after it", tanh="without sign"),
    _rule(T, "tanh-derivative", "tanh", "The slope in place of the value", "Your curve is a bump that is 1 at 0. That is how steep tanh is, not how high.", "the derivative from the lecture", tanh="derivative"),
    _rule(T, "tanh-upside-down", "tanh", "The fraction upside down", "Near 0 your numbers are huge. What stands above and what below the line?", SLIP, tanh="upside down"),
    _rule(T, "tanh-numerator", "tanh", "Only the numerator", "Your numbers grow without end: (e^x − e^−x) / 2 is sinh. tanh divides by the sum of the same two.", FORMULA, tanh="numerator"),
    _rule(T, "tanh-negated", "tanh", "The sign", "Your curve falls where it should rise.", SLIP, tanh="negated"),
    _rule(T, "tanh-overflows", STAYS, "e^x of a large x", "For large x both parts of your fraction are infinite, and ∞ / ∞ is no number. NumPy has a tanh that is safe.", STABLE, tanh="overflows"),
    _rule(G, "gelu-silu", "gelu", "The factor 1.702 forgotten", "You return x · σ(x), which is called SiLU. GELU's curve turns more sharply: the sigmoid gets a multiple of x.", "another activation of the same family", gelu="silu", common=True),
    _rule(G, "gelu-without-x", "gelu", "Only the gate", "You return the gate, a number between 0 and 1. It says how much of x gets through.", SLIP, gelu="without x"),
    _rule(G, "gelu-slope-divided", "gelu", "Divided by 1.702", "Your curve turns too gently: x is divided by 1.702 where it is multiplied.", SLIP, gelu="slope divided"),
    _rule(G, "gelu-slope-of-x", "gelu", "1.702 in both places", "For large x you return 1.702 x. The factor belongs to the gate only.", SLIP, gelu="slope of x"),
    _rule(G, "gelu-relu", "gelu", "A ReLU", "Your curve has a corner at 0 and nothing below it. GELU dips below 0 a little.", SLIP, gelu="relu"),
    _rule(G, "gelu-without-half", "gelu", "The half forgotten", "For large x you return 2x: 1 + tanh goes up to 2.", SLIP, gelu="without half"),
    _rule(G, "gelu-without-cube", "gelu", "The cubic term forgotten", "You use the tanh form without 0.044715 x³, and are off most where x is about ±2.", SLIP, 0.6, gelu="without cube"),
    _rule(G, "gelu-square-for-cube", "gelu", "x² in place of x³", "Your curve is off more for negative x than for positive: a square has no sign.", SLIP, 0.6, gelu="square for cube"),
    _rule(G, "gelu-half-pi", "gelu", "√(π/2) in place of √(2/π)", "Your curve turns too sharply. What is under the root, 2 / π or its inverse?", SLIP, gelu="half pi"),
    _rule(G, "gelu-without-root", "gelu", "√2 forgotten in erf", "Your curve turns too sharply: Φ(x) is ½(1 + erf(x / √2)), and the root is missing.", FORMULA, gelu="without root"),
)  # fmt: skip
NORMALISED = (
    _rule(P, "softmax-over-everything", "softmax", "One sum for everything", "All your probabilities together sum to 1; those of one row should.", "np.sum without an axis", softmax="over everything", common=True),
    _rule(P, "softmax-without-exponential", "softmax", "No exponential", "You divide the scores themselves by their sum, and negative scores give negative probabilities. Every score goes through e^x first.", SLIP, softmax="without exponential"),
    _rule(P, "softmax-not-divided", "softmax", "Not divided by the sum", "Your largest entry is 1 and the rest adds to it. Probabilities sum to 1.", SLIP, softmax="not divided", common=True),
    _rule(P, "softmax-divided-by-mean", "softmax", "Mean in place of sum", "Your probabilities sum to the number of classes.", "mean for sum", softmax="divided by mean"),
    _rule(P, "softmax-divided-by-largest", "softmax", "Divided by the largest", "Your probabilities are too equal. The largest score is taken away, which changes nothing; dividing by it does.", "the trick remembered wrongly", softmax="divided by largest"),
    _rule(P, "softmax-negated", "softmax", "The sign of the exponent", "Your smallest score gets the largest probability.", SLIP, softmax="negated"),
    _rule(P, "softmax-base-two", "softmax", "Powers of 2", "Your probabilities are too equal: the base of the powers is 2 and not e.", "2 ** x", softmax="base two"),
    _rule(P, "softmax-squares", "softmax", "Squares in place of exponentials", "Scores of −2 and 2 get the same probability: a square forgets the sign.", SLIP, softmax="squares"),
    _rule(P, "softmax-lengths", "softmax", "Divided by the length", "The squares of your probabilities sum to 1; the probabilities themselves should.", "normalising a vector", softmax="lengths"),
    _rule(P, "softmax-always-last", "softmax", "dim is not used", "With dim=0 you still normalise the rows. Is the argument used?", "axis=-1 typed in", 0.4, axis="always last", common=True),
    _rule(P, "softmax-always-first", "softmax", "Always along the first axis", "Your columns sum to 1 whatever dim says. Without dim it is the last axis.", "axis=0 typed in", axis="always first"),
    _rule(P, "softmax-overflows", STAYS, "e^x of a large x", "e^1000 is infinite, and ∞ / ∞ is no number. Taking the same number away from all scores changes no probability: which one helps?", STABLE, softmax="overflows", common=True),
    _rule(P, "softmax-largest-of-all", STAYS, "The largest of everything", "You take the largest number of the whole array away. A row far below it has only zeros left, and 0 / 0 is no number.", "np.max without an axis", 0.6, softmax="largest of all"),
    _rule(L, "log-softmax-shift-only", "log_softmax", "The sum forgotten", "You only take the largest away. The logarithm of the sum is still missing.", SLIP, log="shift only"),
    _rule(L, "log-softmax-shift-left-out", "log_softmax", "The shift in one place only", "You take the largest away inside the sum, but not from x itself: everything is off by it.", SLIP, log="shift left out"),
    _rule(L, "log-softmax-sum-of-x", "log_softmax", "Sum of x", "You take Σx away: log and e^x do not cancel around a sum.", "log Σ e^x read as Σ log e^x", log="sum of x"),
    _rule(L, "log-softmax-negated", "log_softmax", "The sign", "Your log-probabilities are positive. The logarithm of a number below 1 is negative.", SLIP, log="negated"),
    _rule(L, "log-softmax-base-ten", "log_softmax", "Logarithm to base 10", "Your numbers are 2.3 times too small: that is the logarithm to base 10.", "log10", log="base ten"),
    _rule(L, "log-softmax-base-two", "log_softmax", "Logarithm to base 2", "Your numbers are 1.44 times too large: that is the logarithm to base 2.", "log2", log="base two"),
    _rule(L, "log-softmax-without-logarithm", "log_softmax", "Probabilities, no logarithms", "You return the probabilities themselves.", SLIP, log="without logarithm"),
    _rule(L, "log-softmax-sum-without-logarithm", "log_softmax", "The logarithm of the sum forgotten", "You take the sum of the powers away; its logarithm is meant.", SLIP, log="sum without logarithm"),
    _rule(L, "log-softmax-over-everything", "log_softmax", "One sum for everything", "You sum over the whole array; each row has a sum of its own.", "np.sum without an axis", log="over everything"),
    _rule(L[:1], "log-softmax-always-last", "log_softmax", "dim is not used", "With dim=0 you still work along the rows. Is the argument used?", "axis=-1 typed in", 0.4, common=False, **{"log axis": "always last"}),
    _rule(L, "log-of-softmax", STAYS, "The logarithm of softmax", "A probability of e^−1000 is rounded to 0, and log 0 is −∞. Take softmax and logarithm in one formula.", STABLE, log="of softmax", common=True),
    _rule(L, "log-softmax-overflows", STAYS, "e^x of a large x", "e^1000 is infinite, and so is your sum. Take the largest away first, in both places.", STABLE, log="overflows", common=True),
    _rule(L, "log-softmax-kept-above-zero", STAYS, "A small number added to the probabilities", "You add 10⁻⁷ so that the logarithm sees no 0: no log-probability of yours goes below −16, however wrong the prediction is. Take softmax and logarithm in one formula.", "ε for log, known from other losses", 0.6, log="kept above zero", common=True),
)  # fmt: skip
LOSSES = (
    _rule(M, "mse-sum", "mse", "Sum in place of mean", "Your loss grows with the number of predictions. A mean does not.", "sum for mean", square="sum", common=True),
    _rule(M, "mse-half", "mse", "Half of it", "Your loss is half of the mean: the ½ of some textbooks, which makes the gradient tidy, is not asked for here.", "textbooks with ½", 0.6, square="half", common=True),
    _rule(M, "mse-root", "mse", "The root of it", "You return the root of the mean squared error.", "RMSE", square="root", common=True),
    _rule(M, "mse-absolute", "mse", "Absolute differences", "You average the sizes of the differences. Here they are squared, so that large ones count more.", "MAE", square="absolute"),
    _rule(M, "mse-not-squared", "mse", "Not squared", "Differences of opposite signs cancel in your mean. Squaring comes first.", SLIP, square="not squared"),
    _rule(M, "mse-square-of-mean", "mse", "The square of the mean", "You average first and square then: differences of opposite signs cancel.", SLIP, square="square of mean"),
    _rule(M, "mse-per-row", "mse", "Divided by the rows only", "You divide by the number of rows; the mean is over all numbers.", "len() of an array", 0.6, square="per row"),
    _rule(C, "cross-entropy-sum", "cross_entropy", "Sum in place of mean", "Your loss grows with the batch. A mean does not.", "sum for mean", reduce="sum", common=True),
    _rule(C, "cross-entropy-sign", "cross_entropy", "The sign", "Your loss is negative, and falls when predictions get worse. Minus the log-probability is meant.", SLIP, reduce="sign", common=True),
    _rule(C, "cross-entropy-first", "cross_entropy", "Only the first row", "Your loss is that of the first row alone.", SLIP, reduce="first"),
    _rule(C, "cross-entropy-over-classes-too", "cross_entropy", "Divided by the classes too", "Your loss is too small by the number of classes. The mean is over the batch.", "the mean of a matrix with zeros in it", reduce="over classes too"),
    _rule(C, "cross-entropy-prediction", "cross_entropy", "The target is not used", "You take the largest log-probability of each row, wherever the target is.", "argmax in place of the target", pick="prediction"),
    _rule(C, "cross-entropy-everything", "cross_entropy", "All classes averaged", "You average over all classes. Only the target's class counts.", SLIP, pick="everything", common=True),
    _rule(C, "cross-entropy-next-class", "cross_entropy", "Classes counted from 1", "You take the class after the target. Classes are counted from 0.", "classes counted from 1", pick="next class"),
    _rule(C, "cross-entropy-first-target", "cross_entropy", "One target for all rows", "You use the first target for every row.", SLIP, pick="first target"),
    _rule(C, "cross-entropy-softmax-twice", "cross_entropy", "Softmax twice", "You apply softmax before log-softmax does it again. This loss takes logits, not probabilities.", "probabilities expected", logits="probabilities", common=True),
)  # fmt: skip
MSE_CHECKS = ("mse-small:loss", "mse-several:loss", "mse-matrix:loss")
CONDUCT = (
    _seen("relu-in-place", "interface", "ReLU changes its input", "After your ReLU the Tensor that it was given has other numbers in it. The next layer may need the old ones.", "x.data[x.data < 0] = 0",
          {"relu-manners:leaves its input alone": False, "relu-manners:returns a Tensor": True}, 0.5),
    _seen("softmax-in-place", "interface", "Softmax changes its input", "After your softmax the Tensor that it was given has other numbers in it.", "x.data -= …",
          {"softmax-manners:leaves its input alone": False, "softmax-manners:returns a Tensor": True}, 0.5),
    _seen("relu-array", "interface", "ReLU returns an array", "Your ReLU returns bare numbers. Layers are chained, and the next one expects a Tensor.", "np.maximum(…) returned as it is",
          {"relu-manners:returns a Tensor": False, "relu-manners:leaves its input alone": True}, 0.5),
    _seen("mse-array", "interface", "MSELoss returns an array", "Your loss is a bare number. Later it must know how it was computed, so it is a Tensor.", "np.mean(…) returned as it is",
          {"mse-manners:returns a Tensor": False, "mse-manners:is one number": True}, 0.5),
    _seen("cross-entropy-array", "interface", "CrossEntropyLoss returns an array", "Your loss is a bare number. Later it must know how it was computed, so it is a Tensor.", "-np.mean(…) returned as it is",
          {"cross-entropy-manners:returns a Tensor": False, "cross-entropy-manners:is one number": True}, 0.5),
    _seen("mse-not-averaged", "mse", "A loss for every number", "You return several numbers. A loss is one number: the mean of the squared differences.", "the mean forgotten",
          {**dict.fromkeys(MSE_CHECKS, "failed"), "mse-manners:is one number": False}),
)  # fmt: skip

MISCONCEPTIONS: tuple[Misconception, ...] = (*ACTIVATIONS, *NORMALISED, *LOSSES, *CONDUCT)
