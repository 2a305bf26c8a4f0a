"""The wrong beliefs that this assignment knows by name.

Most say which switches of the family (reference/family.py) are turned, and for which classes; the rest say which
facts they leave. A hint makes its reader see the idea and never gives the line of code; the reason says where the
belief comes from. The order decides nothing.
A cost is a part of the criterion's share for that class: half a criterion for one moment of two; more than the whole
share where the mistake makes everything else invisible (a division by zero in the first step), so that hiding other
mistakes behind it gains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.model import Fact, Misconception, Unknown

GATES: Mapping[str, str] = {  # in front of a hint, where a mistake is made only there
    "matrices": "Only for matrices:",
    "no matrix": "For all but matrices:",
    "first parameter": "Only for the first parameter:",
    "later parameters": "For all parameters but the first:",
    "last parameter": "Only for the last parameter:",
    "scalars": "Only for parameters that are a single number:",
    "arrays": "Only for parameters that are vectors or matrices:",
    "first step": "Only in the first step:",
    "later steps": "From the second step on:",
    "odd steps": "Only in the first, third, fifth … step:",
    "even steps": "Only in every second step:",
    "with momentum": "Only with momentum:",
    "without momentum": "Only without momentum:",
    "with decay": "Only with weight decay:",
    "without decay": "Only without weight decay:",
    "zero gradients": "Only where the gradient is zero:",
    "other gradients": "Only where the gradient is not zero:",
    "falling": "Only where the gradient is positive:",
    "rising": "Only where the gradient is negative:",
}
SHARE = Unknown(0.01, 0.9999, 0.9)
EPSILON = Unknown(1e-16, 10.0, 1e-7)
EPSILON_ODD = Unknown(1e-16, 10.0, 1e-6)
DECAYS = Unknown(1e-5, 2.0, 0.02)
SCALE = Unknown(1e-3, 1e3, 3.0)
BOUND = Unknown(1e-3, 1e3, 1.25)
FADING = Unknown(0.1, 2.0, 0.95)
RATES = Unknown(1e-6, 10.0, 0.05)
RATES_ODD = Unknown(1e-6, 10.0, 0.02)
BETA2 = Unknown(0.01, 0.99999, 0.99)
SHARE_ODD = Unknown(0.01, 0.9999, 0.8)
BETA2_ODD = Unknown(0.01, 0.99999, 0.99)
STEPS = Unknown(2, 30, 3, whole=True)
FURTHER = Unknown(2, 10, 2, whole=True)

SGD = ("SGD",)
ADAM = ("Adam",)
ADAMW = ("AdamW",)
BOTH = ("Adam", "AdamW")

NOTES = "course notes"
SUTSKEVER = "Sutskever et al. 2013"
KINGMA = "Kingma & Ba 2015"
LOSHCHILOV = "Loshchilov & Hutter 2019"
SLIP = "a slip that compiles and still learns"


# Where something stands in the wrong place alone: it is taken away there, and not yet put in elsewhere.
HALFWAY = {"decay": {"factor": "missing"}, "inside": {"rate": "without lr @ with momentum"}}


def _rule(
    name: str,
    groups: tuple[str, ...],
    criterion: str,
    title: str,
    hint: str,
    reason: str,
    cost: float = 1.0,
    unknown: Unknown | None = None,
    *,
    common: bool = False,
    exact: bool = False,
    implies: tuple[str, ...] = (),
    elsewhere: tuple[str, ...] = (),
    **changes: str,
) -> Misconception:
    there = "direct" in changes.get("decay", "")  # in the right place as well
    halfway = next((way for switch, way in HALFWAY.items() if switch in changes and not there), {})
    return Misconception(
        name, title, criterion, hint, reason, groups, changes=changes, cost=cost, unknown=unknown,
        common=common, exact=exact, implies=implies, elsewhere=elsewhere, halfway=halfway,
    )  # fmt: skip


def _seen(
    name: str, criterion: str, title: str, hint: str, reason: str, facts: Mapping[str, Fact], cost: float = 1.0,
    implies: tuple[str, ...] = (),
) -> Misconception:  # fmt: skip
    return Misconception(name, title, criterion, hint, reason, facts=facts, cost=cost, implies=implies)


def _sizes(*labels: str) -> tuple[str, ...]:
    """The checks on the size of state that fail when something more is kept."""
    return tuple(f"state-size:{label} {when}" for label in labels for when in ("before", "after"))


STEP_COUNTS = ("adam-float32:step_count", "adamw-float32:step_count")  # mostly it is step_count that is miscounted
MOMENTUM_STATE = ("momentum-state:copies", "momentum-state:resumed")  # a resumed optimizer counts from its own start
MOMENTS_KEPT = ("state-size:Adam after", "state-size:AdamW after")


PLAIN_STEP = (
    _rule("sgd-ascent", SGD, "sgd", "Gradient ascent", "Your parameters climb. The gradient points uphill; to lower the loss, go the other way.", SLIP, sign="ascend", common=True),
    _rule("sgd-no-lr", SGD, "sgd", "Learning rate left out", "Your step is as long as the gradient itself, whatever the learning rate. Halve lr and look: nothing changes.", SLIP, rate="without lr", common=True),
    _rule("sgd-lr-squared", SGD, "sgd", "Learning rate applied twice", "Halving lr makes your step four times smaller. Somewhere lr comes in twice.", SLIP, rate="lr squared"),
    _rule("sgd-divided-by-lr", SGD, "sgd", "Divided by the learning rate", "A smaller learning rate makes your step longer. It should scale the step, not divide it.", SLIP, rate="divided by lr"),
    _rule("sgd-replaces", SGD, "sgd", "The parameter is replaced, not moved", "After a step your parameter no longer remembers where it was. A step starts from the old value.", "= written for -=", base="zero"),
    _rule("sgd-lr-over-t", SGD, "sgd", "A schedule hidden in the step", "Your steps shrink as 1/t. SGD has no schedule of its own; whoever wants one changes `lr`.", "convergence proofs use lr/t", rate="lr over t", implies=MOMENTUM_STATE),
    _rule("sgd-lr-over-root-t", SGD, "sgd", "A square-root schedule hidden in the step", "Your steps shrink as 1/√t. SGD has no schedule of its own; whoever wants one changes `lr`.", "convergence proofs use lr/√t", rate="lr over root t", implies=MOMENTUM_STATE),
    _rule("sgd-lr-frozen", SGD, "sgd", "Learning rate of the first day", "You keep using the learning rate from construction. A scheduler changes `optimizer.lr`; read it at every step.", "lr copied in the constructor", cost=0.5, lr="frozen", common=True),
    _rule("sgd-clips", SGD, "sgd", "Gradient clipped", "Large gradients and larger ones move your parameters equally: the gradient is cut at ±1. Clipping is the caller's choice.", "training loops often clip", sees="clipped to ±1"),
    _rule("sgd-clips-norm", SGD, "sgd", "Gradient clipped by its norm", "A gradient longer than 1 is shortened to 1. Clipping is the caller's choice, not the optimizer's.", "clip_grad_norm_ in training loops", sees="clipped by norm"),
    _rule("sgd-normalises", SGD, "sgd", "Gradient normalised", "All gradients move your parameters equally far: you divide by the norm. A small slope should make a small step.", "normalised gradient descent", sees="normalised"),
    _rule("sgd-sign", SGD, "sgd", "Only the sign of the gradient", "Twice the gradient makes the same step. How steep it is matters, not only which way.", "signSGD", sees="sign"),
    _rule("sgd-halves", SGD, "sgd", "Half the gradient", "Your steps are half as long as they should be. A factor ½ belongs to the derivative of a square, and backward() has done that.", "the ½ of a squared loss", sees="halved"),
    _rule("sgd-doubles", SGD, "sgd", "Twice the gradient", "Your steps are twice as long as they should be. A factor 2 belongs to the derivative of a square, and backward() has done that.", "the 2 of a squared loss", sees="doubled"),
    _rule("sgd-averages", SGD, "sgd", "Gradient divided by the size of the parameter", "The larger the parameter, the shorter your step. The mean over a batch is the loss's business; here each number stands for itself.", "mean reduction confused", sees="averaged over the parameter"),
    _rule("sgd-scaled", SGD, "sgd", "A factor of your own in the step", "Your steps are {n} times as long as they should be, whatever is asked for.", SLIP, elsewhere=("momentum",), unknown=SCALE, rate="times n"),
    _rule("sgd-clips-at", SGD, "sgd", "Gradient clipped", "Gradients are cut at ±{n}. Clipping is the caller's choice.", "training loops often clip", unknown=BOUND, sees="clipped at n"),
    _rule("sgd-clips-norm-at", SGD, "sgd", "Gradient clipped by its norm", "A gradient longer than {n} is shortened to {n}. Clipping is the caller's choice, not the optimizer's.", "clip_grad_norm_ in training loops", unknown=BOUND, sees="clipped by norm n"),
    _rule("sgd-lr-fades", SGD, "sgd", "A schedule hidden in the step", "Your learning rate is multiplied by {n} after every step. SGD has no schedule of its own; whoever wants one changes `lr`.", "exponential schedules", unknown=FADING, rate="fading"),
    _rule("sgd-lr-fades-first", SGD, "sgd", "A schedule hidden in the step", "Your learning rate is multiplied by {n} at every step, the first one too. Whoever wants a schedule changes `lr`.", "exponential schedules", unknown=FADING, rate="fading from the first"),
    _rule("sgd-lr-inverse-time", SGD, "sgd", "A schedule hidden in the step", "Your steps shrink as 1/(1 + {n}·t). SGD has no schedule of its own; whoever wants one changes `lr`.", "Keras' old decay argument", unknown=BOUND, rate="by inverse time"),
    _rule("sgd-lr-fixed", SGD, "sgd", "The learning rate is always the same", "Whatever lr is asked for, yours acts like {n}. Is the argument used?", "constants of the module", unknown=RATES, lr="fixed"),
    _rule("sgd-absolute", SGD, "sgd", "The gradient has lost its sign", "All your steps go the same way: you use the size of the gradient and not its sign.", SLIP, sees="absolute"),
    _rule("sgd-squares", SGD, "sgd", "The gradient is squared", "Your steps grow with the square of the gradient and always go the same way.", "Adam's v", sees="squared"),
    _rule("sgd-centres", SGD, "sgd", "The gradient's mean is taken away", "You subtract the mean of the gradient, so a parameter of one number never moves.", "gradient centralisation", sees="centred"),
    _rule("sgd-from-start", SGD, "sgd", "Always one step from the start", "Each of your steps begins at the starting point and not where the last one ended.", "a copy kept from construction", base="start", implies=(*MOMENTUM_STATE, "momentum-state:goes on", *_sizes("plain SGD", "SGD with momentum"))),
)  # fmt: skip

MOMENTUM = (
    _rule("momentum-averaged", SGD, "momentum", "Momentum as an average", "You weigh old velocity and new gradient so that the weights sum to 1. Heavy ball adds the whole gradient: pushed steadily, it reaches 1/(1 − μ) times the speed.", NOTES + ": '90 % old velocity, 10 % gradient'", take="one minus mu", common=True),
    _rule("momentum-weights-exchanged", SGD, "momentum", "Momentum's weights exchanged", "A momentum of 0.9 should mean a long memory; yours forgets almost everything. And heavy ball adds the whole gradient.", SLIP, keep="one minus mu", take="mu"),
    _rule("momentum-lr-inside", SGD, "momentum", "Learning rate inside the velocity", "Your velocity remembers old learning rates. When lr changes, this step should use the new one for everything it has gathered.", SUTSKEVER, cost=0.5, inside="inside", common=True),
    _rule("momentum-nesterov", SGD, "momentum", "Nesterov's momentum", "You look ahead: the step uses the gradient plus μ times the new velocity. That is Nesterov's rule; this one steps along the velocity itself.", "torch's nesterov=True", along="Nesterov", common=True),
    _rule("momentum-stale", SGD, "momentum", "Yesterday's velocity", "Your step goes along the velocity from before this gradient. First take the gradient in, then step.", SLIP, along="stale", common=True),
    _rule("momentum-plus-stale", SGD, "momentum", "Old velocity damped twice", "The old velocity reaches your parameters with one factor of μ too many. Store the velocity that you step along.", SLIP, along="damped again"),
    _rule("momentum-ignored", SGD, "momentum", "No memory", "With momentum your steps are those of plain SGD: what was gathered in earlier steps has no effect. Is the velocity kept, and used?", "buffer made anew in each step, or never read", keep="nothing", common=True, implies=("state-size:SGD with momentum after",)),
    _rule("momentum-undamped", SGD, "momentum", "Velocity without friction", "Your velocity never fades: it adds up all gradients. Something should take a part of it away at every step.", SLIP, keep="one"),
    _rule("momentum-scaled-whole", SGD, "momentum", "The new gradient damped as well", "Already at the first step you go only μ times as far. Friction acts on the old velocity, not on the gradient that just came.", SLIP, take="mu"),
    _rule("momentum-subtracted", SGD, "momentum", "Gradient subtracted, then subtracted again", "You climb: the gradient enters the velocity with a minus, and the step subtracts the velocity. One of the two signs is enough.", SUTSKEVER + " put the minus into v and add it", take="minus"),
    _rule("momentum-braked", SGD, "momentum", "Velocity against itself", "Your old velocity pushes backwards: gradients of one sign cancel instead of adding up.", SLIP, keep="minus mu"),
    _rule("momentum-squared", SGD, "momentum", "Momentum applied twice", "The old velocity fades as μ² per step. Somewhere it is multiplied once too often.", SLIP, keep="mu squared"),
    _rule("momentum-one-minus", SGD, "momentum", "1 − μ in place of μ", "With μ = 0.9 only a tenth of your velocity survives a step. The coefficient says how much is kept.", "dampening and momentum confused", keep="one minus mu"),
    _rule("momentum-added", SGD, "momentum", "Gradient counted twice", "The first step with momentum is already twice as long: you step along the velocity and along the gradient, which is in it.", "Nesterov half remembered", along="velocity and gradient"),
    _rule("momentum-last-gradient", SGD, "momentum", "A memory of one step", "You remember the gradient of the step before, not the velocity: what happened two steps ago is lost.", "momentum as 'previous gradient'", keep="nothing", along="gradient and old"),
    _rule("momentum-corrected", SGD, "momentum", "Adam's first moment in place of velocity", "You average and correct for the start, as Adam does. Heavy ball simply adds: no 1 − μ, no correction.", "Adam taught beside it", take="one minus mu", gathered="corrected", implies=MOMENTUM_STATE),
    _rule("momentum-dampened", SGD, "momentum", "Dampening from the second step", "Your first step is right, then new gradients count only (1 − μ). They should count whole, always.", "torch's dampening", take="one minus mu", first_velocity="gradient", implies=MOMENTUM_STATE),
    _rule("momentum-fixed", SGD, "momentum", "Momentum is always the same", "Whatever momentum is asked for, yours acts like {n}. Is the argument used?", "constants of the module", cost=0.7, unknown=SHARE, mu="fixed", common=True),
    _rule("momentum-default", SGD, "interface", "Momentum by default", "SGD without arguments has no momentum: its default is 0.", "DEFAULT_MOMENTUM = 0.9 in the module", cost=0.2, mu="default 0.9"),
    _rule("momentum-halved-along", SGD, "momentum", "Half velocity, half gradient", "You step along the mean of velocity and gradient. The velocity alone is the direction.", SLIP, along="mean with the gradient"),
    _rule("momentum-stale-gradient", SGD, "momentum", "Gradient and yesterday's velocity", "You add the gradient to the old velocity without friction. The old velocity should come in times μ.", SLIP, along="gradient and stale"),
    _rule("momentum-sign", SGD, "momentum", "Only the sign of the velocity", "Your step knows only the direction of the velocity and not how fast it is.", "Lion", along="sign"),
    _rule("momentum-adam-corrected", SGD, "momentum", "Bias correction on the velocity", "You divide the velocity by 1 − μᵗ. It is a sum and no average: nothing has to be made up for.", "Adam taught beside it", gathered="corrected"),
    _rule("momentum-take-one-minus-squared", SGD, "momentum", "New gradient weighed with 1 − μ²", "Your new gradient comes in with 1 − μ². It should come in whole.", SLIP, take="one minus mu squared"),
    _rule("momentum-take-plus", SGD, "momentum", "New gradient weighed with 1 + μ", "Your new gradient comes in with 1 + μ. It should come in whole.", "sign", take="one plus mu"),
    _rule("momentum-take-root", SGD, "momentum", "New gradient weighed with √(1 − μ²)", "Your new gradient comes in with √(1 − μ²). It should come in whole.", "variance-keeping averages", take="root of one minus mu squared"),
    _rule("momentum-take-scaled", SGD, "momentum", "A weight of your own on the new gradient", "With momentum your new gradient comes in with the weight {n}. It should come in whole.", "dampening", elsewhere=("sgd",), unknown=SCALE, take="times n"),
    _rule("momentum-keep-root", SGD, "momentum", "√μ in place of μ", "Your old velocity fades as √μ per step: more of it stays than was asked for.", SLIP, keep="root of mu"),
    _rule("momentum-keep-lr", SGD, "momentum", "Learning rate on the old velocity", "Your old velocity is multiplied by lr as well as by μ, so hardly any of it is left.", "brackets", keep="mu times lr"),
    _rule("momentum-keep-power", SGD, "momentum", "μᵗ in place of μ", "Your old velocity is multiplied by μᵗ: from step to step you remember less.", "Adam's powers", keep="mu to the t"),
    _rule("momentum-keep-scaled", SGD, "momentum", "A factor of your own on the old velocity", "Your old velocity is multiplied by μ and by {n}.", SLIP, unknown=SCALE, keep="mu times n"),
    _rule("momentum-default-other", SGD, "interface", "Another default for momentum", "SGD without arguments has no momentum; yours acts like {n}.", "constants of the module", cost=0.2, unknown=SHARE_ODD, mu="default n"),
)  # fmt: skip

L2 = (
    _rule("l2-missing", SGD, "weight_decay", "Weight decay ignored", "With and without weight_decay your steps are the same. The term has to reach the gradient.", SLIP, cost=0.5, factor="missing", common=True),
    _rule("l2-negative", SGD, "weight_decay", "Weights grow", "Your weight decay pushes parameters away from zero. Which sign brings a positive weight down?", SLIP, factor="negative", common=True),
    _rule("l2-doubled", SGD, "weight_decay", "Weight decay twice as strong", "You take the derivative of λθ², which is 2λθ. Here λ already is the factor of θ in the gradient.", "λ‖θ‖² against λ/2 ‖θ‖²", factor="doubled", common=True),
    _rule("l2-halved", SGD, "weight_decay", "Weight decay half as strong", "You kept the ½ of ½λθ²; the derivative cancels it.", "λ/2 ‖θ‖²", factor="halved"),
    _rule("l2-is-l1", SGD, "weight_decay", "L1 in place of L2", "Your decay takes the same from every weight, large or small. L2 takes in proportion to the weight.", "L1 and L2 confused", what="sign"),
    _rule("l2-squared", SGD, "weight_decay", "The penalty itself, not its derivative", "You add λθ² to the gradient: that is the penalty. The gradient needs its derivative.", "loss and gradient confused", what="squared"),
    _rule("l2-times-lr", SGD, "weight_decay", "Learning rate twice in the decay", "Your decay is multiplied by lr before it enters the gradient, and again in the step.", "AdamW's lr·λ", factor="lr"),
    _rule("l2-constant", SGD, "weight_decay", "A constant in place of decay", "You add λ itself, whatever the weight: all parameters drift down, even negative ones.", SLIP, what="one"),
    _rule("l2-on-start", SGD, "weight_decay", "Decay of the starting point", "Your decay always uses the parameters of the beginning. Take them as they are now.", "a copy kept from construction", what="start", implies=_sizes("plain SGD", "SGD with momentum")),
    _rule("l2-on-gradient", SGD, "weight_decay", "Decay of the gradient", "Your decay scales the gradient and never looks at the weights: without a gradient nothing decays.", SLIP, what="gradient"),
    _rule("l2-after-velocity", SGD, "weight_decay", "Decay after the velocity", "Your decay acts on this step only. As part of the gradient it goes into the velocity and is remembered.", SLIP, cost=0.5, decay="direct", order="before", common=True),
    _rule("l2-decoupled", SGD, "weight_decay", "Decoupled decay in SGD", "You shrink the parameters after the step, as AdamW does. SGD here adds λθ to the gradient, so that momentum carries it too.", LOSHCHILOV, decay="direct", common=True),
    _rule("l2-decoupled-no-lr", SGD, "weight_decay", "Decay without learning rate", "You shrink the parameters by λ at every step, however small lr is. Here decay belongs to the gradient.", LOSHCHILOV, decay="direct", factor="without lr"),
    _rule("l2-both", SGD, "weight_decay", "Decay applied twice", "Your weights shrink once through the gradient and once directly. One is enough.", SLIP, decay="gradient and direct"),
    _rule("l2-without-momentum", SGD, "weight_decay", "Decay only without momentum", "Your decay works for plain SGD and vanishes with momentum: the velocity takes in the gradient from before decay.", "raw gradient put into the velocity", cost=0.5, factor="missing @ with momentum"),
    _rule("l2-instead", SGD, "weight_decay", "Decay in place of the gradient", "With weight decay your step ignores the gradient. It should be added to it.", "= written for +=", decay="instead of the gradient"),
    _rule("l2-mutates", SGD, "interface", "The gradient is changed in place", "Your step leaves its decay inside the gradient itself: whoever uses that gradient again gets it twice. Make a new array.", "`+=` on an array changes the caller's array", cost=0.3, left="changed", common=True),
    _rule("l2-cubed", SGD, "weight_decay", "Decay of the cube", "Your decay takes in proportion to the third power of the weight. L2 takes in proportion to the weight itself.", SLIP, what="cubed"),
    _rule("l2-absolute", SGD, "weight_decay", "Decay without a sign", "Your decay uses the size of the weight and not its sign: negative weights are pushed away from zero.", SLIP, what="absolute"),
    _rule("l2-mean", SGD, "weight_decay", "Decay of the mean", "Your decay pulls by the mean of the parameter. Each number should be pulled by itself.", SLIP, what="mean"),
    _rule("l2-norm", SGD, "weight_decay", "Decay times the norm", "Your decay is multiplied by the length of the parameter. λθ alone is the derivative of ½λθ².", SLIP, what="norm"),
    _rule("l2-direction", SGD, "weight_decay", "Decay of the direction only", "Your decay divides the parameter by its length: the derivative of λ‖θ‖ and not of ½λ‖θ‖².", SLIP, what="direction"),
    _rule("l2-squared-lambda", SGD, "weight_decay", "λ squared", "Your decay uses λ². Somewhere it is multiplied by λ twice.", SLIP, factor="squared"),
    _rule("l2-root-lambda", SGD, "weight_decay", "Root of λ", "Your decay uses √λ.", SLIP, factor="root"),
    _rule("l2-by-t", SGD, "weight_decay", "Decay grows with t", "Your decay is multiplied by the step's number.", SLIP, factor="by t"),
    _rule("l2-over-t", SGD, "weight_decay", "Decay fades with t", "Your decay is divided by the step's number.", SLIP, factor="over t"),
    _rule("l2-scaled", SGD, "weight_decay", "A factor of your own in the decay", "Your decay is {n} times as strong as it should be.", SLIP, unknown=SCALE, factor="times n"),
    _rule("l2-one-minus", SGD, "weight_decay", "1 − λ in place of λ", "Your decay is strong where λ is small: you use 1 − λ as the factor.", SLIP, factor="one minus"),
    _rule("l2-over-lr", SGD, "weight_decay", "Decay divided by lr", "Your decay is divided by lr once too often.", SLIP, factor="without lr"),
    _rule("l2-fixed", SGD, "weight_decay", "Decay is always the same", "Whatever weight_decay is asked for, yours acts like {n}.", SLIP, cost=0.6, unknown=DECAYS, lam="fixed"),
    _rule("l2-frozen-lr", SGD, "weight_decay", "Decay with the first learning rate", "Your decay keeps using the learning rate from construction.", SLIP, factor="frozen lr"),
    _rule("l2-first-step", SGD, "weight_decay", "Decay at the first step only", "Your parameters decay once and never again.", SLIP, factor="missing @ later steps"),
    _rule("l2-stale-default", SGD, "interface", "Another default for weight decay", "Without arguments your weight decay acts like {n}.", SLIP, cost=0.2, unknown=DECAYS, lam="default n"),
    _rule("l2-divides", SGD, "weight_decay", "Divided by the factor", "You divide the parameters by 1 − lr·λ, which makes them larger.", SLIP, decay="divides"),
    _rule("l2-momentum", SGD, "weight_decay", "μ in the decay", "Your decay is multiplied by μ.", SLIP, factor="momentum"),
    _rule("l2-one-minus-momentum", SGD, "weight_decay", "1 − μ in the decay", "Your decay is multiplied by 1 − μ.", SLIP, factor="one minus momentum"),
)  # fmt: skip

ABSENT = tuple(
    m
    for groups, prefix, criterion in (
        (SGD, "sgd", "interface"), (ADAM, "adam", "interface"), (ADAMW, "adamw", "interface"))
    for m in (
        _rule(f"{prefix}-none-coasts", groups, "interface", "No gradient taken as a zero gradient", "A parameter without a gradient still moves: you treat None as zero, and old velocity or decay carries on. It must be left alone.", "`grad or 0`", cost=0.3, absent="coast", common=True),
        _rule(f"{prefix}-zeros-skipped", groups, criterion, "Zero gradients are skipped", "A parameter whose gradient is all zero stands still in yours. Zero is a gradient like any other: velocity, moments and decay go on; only None is skipped.", "`if not grad.any()`", cost=0.5, absent="skip zero gradients"),
        _rule(f"{prefix}-none-stops", groups, "interface", "The first missing gradient ends the step", "When one parameter has no gradient, all later ones stand still. Leave out that one and go on.", "`return` or `break` where `continue` is meant", cost=0.3, absent="stop at the first"),
    )
)  # fmt: skip

MOMENTS = (
    _rule("first-sum", BOTH, "adam_moments", "First moment as a sum", "Your m adds up gradients as a velocity does. An average gives the new gradient the weight 1 − β₁.", "SGD's velocity carried over", cost=0.5, take1="one", common=True),
    _rule("first-weights-exchanged", BOTH, "adam_moments", "Weights of the first moment exchanged", "With β₁ = 0.9 your m is nearly all new gradient. β₁ is how much of the old is kept.", SLIP, cost=0.5, keep1="one minus", take1="beta"),
    _rule("first-beta2", BOTH, "adam_moments", "β₂ in the first moment", "Your m has the long memory meant for v.", SLIP, cost=0.5, keep1="other beta", take1="other", common=True),
    _rule("first-not-kept", BOTH, "adam_moments", "First moment forgotten", "Your m knows only the newest gradient: what it held before is gone at each step.", "buffer made anew, or a local name", cost=0.5, keep1="nothing", implies=MOMENTS_KEPT),
    _rule("first-undamped", BOTH, "adam_moments", "First moment never fades", "Your m keeps all it ever took in. An average lets go of a part, β₁ says how much stays.", SLIP, cost=0.5, keep1="one"),
    _rule("first-abs", BOTH, "adam_moments", "First moment of |g|", "Your m has lost the sign: every step goes the same way, downhill or not.", SLIP, cost=0.5, of1="|g|"),
    _rule("first-squared", BOTH, "adam_moments", "First moment of g²", "Your m averages squares, which is v's task. It should remember the direction.", "the two lines mixed up", cost=0.5, of1="g squared"),
    _rule("first-scaled-whole", BOTH, "adam_moments", "β₁ on the new gradient too", "The new gradient enters your m with β₁(1 − β₁). Friction belongs to the old value only.", SLIP, cost=0.5, take1="beta times one minus"),
    _rule("second-sum", BOTH, "adam_moments", "Second moment as a sum", "Your v adds whole squares and grows far too large. An average gives the new square the weight 1 − β₂.", SLIP, cost=0.5, take2="one", common=True),
    _rule("second-weights-exchanged", BOTH, "adam_moments", "Weights of the second moment exchanged", "With β₂ = 0.999 your v is nearly all the newest square. β₂ is how much of the old is kept.", SLIP, cost=0.5, keep2="one minus", take2="beta"),
    _rule("second-abs", BOTH, "adam_moments", "Second moment of |g|", "Your v averages the size of g, then you take a root of it: units of √g. Squares under a root give back units of g.", SLIP, cost=0.5, of2="|g|", common=True),
    _rule("second-of-g", BOTH, "adam_moments", "Second moment without a square", "Your v averages g itself: it can be negative, and its root is then not a number.", SLIP, cost=0.5, of2="g"),
    _rule("second-centred", BOTH, "adam_moments", "Variance in place of second moment", "You subtract m before squaring. That is a variance (AdaBelief uses it); Adam squares the gradient itself.", "AdaBelief, or 'variance' in the notes", cost=0.5, of2="centred"),
    _rule("second-from-m", BOTH, "adam_moments", "Second moment of m", "Your v squares the averaged gradient. Signs that cancel in m should still count in v.", SLIP, cost=0.5, of2="m squared"),
    _rule("second-beta1", BOTH, "adam_moments", "β₁ in the second moment", "Your v has the short memory meant for m.", SLIP, cost=0.5, keep2="other beta", take2="other", common=True),
    _rule("second-not-kept", BOTH, "adam_moments", "Second moment forgotten", "Your v knows only the newest square: what it held before is gone at each step.", "buffer made anew, or a local name", cost=0.5, keep2="nothing", implies=MOMENTS_KEPT),
    _rule("second-raw", BOTH, "adam_moments", "The square itself in place of v", "You divide by the newest gradient's own size, not by an average over time.", SLIP, cost=0.5, keep2="nothing", take2="one"),
    _rule("second-accumulated", BOTH, "adam_moments", "Squares gathered for ever", "Your v only grows, so steps shrink for ever: that is AdaGrad. Adam forgets old squares.", "AdaGrad", cost=0.5, keep2="one", take2="one", common=True),
    _rule("second-undamped", BOTH, "adam_moments", "Second moment never fades", "Your v keeps all it ever took in. An average lets go of a part, β₂ says how much stays.", SLIP, cost=0.5, keep2="one"),
    _rule("second-squared-weight", BOTH, "adam_moments", "Weight inside the square", "You square (1 − β₂) together with g, so new squares hardly count.", "brackets", cost=0.5, take2="squared"),
    _rule("second-largest", BOTH, "adam_moments", "Largest gradient in place of average", "Your v keeps the largest square, as AdaMax does with |g|. Adam averages.", "AdaMax, same paper", cost=0.5, gather="largest"),
    _rule("second-norm", BOTH, "adam_moments", "The gradient's norm as second moment", "You divide by the length of the whole gradient. Adam's point is a step of its own for each number.", "np.sum or norm", cost=0.5, of2="norm"),
    _rule("betas-exchanged", BOTH, "adam_moments", "β₁ and β₂ exchanged", "Your m remembers for long and your v for short: it is the other way round.", "order of the tuple", betas="exchanged", common=True),
    _rule("betas-fixed", BOTH, "interface", "Betas always (0.9, 0.999)", "Whatever betas are asked for, yours act like the defaults. Is the argument used?", "constants of the module", cost=0.3, betas="fixed", common=True),
    _rule("first-take-other", BOTH, "adam_moments", "1 − β₂ on the new gradient", "The new gradient enters your m with 1 − β₂. It should come in with 1 − β₁.", SLIP, cost=0.5, take1="other"),
    _rule("first-keep-other", BOTH, "adam_moments", "β₂ on the old first moment", "Your m keeps β₂ of the old value and takes 1 − β₁ of the new.", SLIP, cost=0.5, keep1="other beta"),
    _rule("first-take-beta", BOTH, "adam_moments", "β₁ on both sides of m", "The new gradient enters your m with β₁, and so does the old value.", SLIP, cost=0.5, take1="beta"),
    _rule("first-keep-one-minus", BOTH, "adam_moments", "1 − β₁ on both sides of m", "Your m keeps only 1 − β₁ of the old value.", SLIP, cost=0.5, keep1="one minus"),
    _rule("first-squared-weight", BOTH, "adam_moments", "(1 − β₁)² in m", "The new gradient enters your m with the square of 1 − β₁.", SLIP, cost=0.5, take1="squared"),
    _rule("first-plus", BOTH, "adam_moments", "1 + β₁ in m", "The new gradient enters your m with 1 + β₁.", "sign", cost=0.5, take1="plus"),
    _rule("first-lr", BOTH, "adam_moments", "Learning rate inside m", "Your m takes in lr times the gradient.", "momentum with lr inside", cost=0.5, take1="lr"),
    _rule("first-keep-squared", BOTH, "adam_moments", "β₁² on the old m", "Your m fades as β₁² per step.", SLIP, cost=0.5, keep1="squared"),
    _rule("first-keep-minus", BOTH, "adam_moments", "Old m with a minus", "Your old m is subtracted: gradients of one sign cancel.", "sign", cost=0.5, keep1="minus"),
    _rule("first-keep-root", BOTH, "adam_moments", "√β₁ on the old m", "Your m fades as √β₁ per step.", SLIP, cost=0.5, keep1="root"),
    _rule("first-keep-power", BOTH, "adam_moments", "β₁ᵗ on the old m", "Your m forgets faster from step to step: the old value is multiplied by β₁ᵗ.", "the correction's power", cost=0.5, keep1="to the t"),
    _rule("first-sign", BOTH, "adam_moments", "m of the sign", "Your m averages only the sign of the gradient.", "signSGD", cost=0.5, of1="sign"),
    _rule("first-one-minus-squared", BOTH, "adam_moments", "1 − β₁² in m", "The new gradient enters your m with 1 − β₁².", SLIP, cost=0.5, take1="one minus squared"),
    _rule("first-take-scaled", BOTH, "adam_moments", "A weight of your own in m", "The new gradient enters your m with the weight {n}, whatever β₁ is.", SLIP, cost=0.5, elsewhere=("bias_correction", "adaptive_step"), unknown=SCALE, take1="times n"),
    _rule("second-take-other", BOTH, "adam_moments", "1 − β₁ on the new square", "The new square enters your v with 1 − β₁. It should come in with 1 − β₂.", SLIP, cost=0.5, take2="other"),
    _rule("second-keep-other", BOTH, "adam_moments", "β₁ on the old second moment", "Your v keeps β₁ of the old value and takes 1 − β₂ of the new.", SLIP, cost=0.5, keep2="other beta"),
    _rule("second-take-beta", BOTH, "adam_moments", "β₂ on both sides of v", "The new square enters your v with β₂, and so does the old value.", SLIP, cost=0.5, take2="beta"),
    _rule("second-scaled-whole", BOTH, "adam_moments", "β₂ on the new square too", "The new square enters your v with β₂(1 − β₂).", SLIP, cost=0.5, take2="beta times one minus"),
    _rule("second-keep-one-minus", BOTH, "adam_moments", "1 − β₂ on both sides of v", "Your v keeps only 1 − β₂ of the old value.", SLIP, cost=0.5, keep2="one minus"),
    _rule("second-plus", BOTH, "adam_moments", "1 + β₂ in v", "The new square enters your v with 1 + β₂.", "sign", cost=0.5, take2="plus"),
    _rule("second-keep-squared", BOTH, "adam_moments", "β₂² on the old v", "Your v fades as β₂² per step.", SLIP, cost=0.5, keep2="squared"),
    _rule("second-keep-minus", BOTH, "adam_moments", "Old v with a minus", "Your old v is subtracted and can become negative.", "sign", cost=0.5, keep2="minus"),
    _rule("second-keep-root", BOTH, "adam_moments", "√β₂ on the old v", "Your v fades as √β₂ per step.", SLIP, cost=0.5, keep2="root"),
    _rule("second-keep-power", BOTH, "adam_moments", "β₂ᵗ on the old v", "Your v forgets faster from step to step: the old value is multiplied by β₂ᵗ.", "the correction's power", cost=0.5, keep2="to the t"),
    _rule("second-centred-old", BOTH, "adam_moments", "Variance in place of second moment", "You subtract the old m before squaring. That is a variance; Adam squares the gradient itself.", "'variance' in the notes", cost=0.5, of2="centred on the old"),
    _rule("second-variance", BOTH, "adam_moments", "Variance in place of second moment", "You average (g − m)·(g − old m), a running variance. Adam averages the square of the gradient itself.", "Welford's variance", cost=0.5, of2="variance"),
    _rule("second-variance-absolute", BOTH, "adam_moments", "Variance in place of second moment", "You take m² away from v and drop the sign. That is a variance; Adam divides by the root of the second moment itself.", "'uncentred variance' in papers", cost=0.5, spread="variance, absolute", common=True),
    _rule("second-variance-floored", BOTH, "adam_moments", "Variance in place of second moment", "You take m² away from v and keep it from falling below zero. That is a variance; Adam divides by the root of the second moment itself.", "'uncentred variance' in papers", cost=0.5, spread="variance, floored"),
    _rule("second-centred-mean", BOTH, "adam_moments", "Variance over the numbers of a gradient", "You subtract the gradient's mean over the parameter before squaring. Adam's average is over time, for each number by itself.", "np.var, or 'variance' in the notes", cost=0.5, of2="centred on its mean"),
    _rule("second-var", BOTH, "adam_moments", "One variance for a whole parameter", "Your v averages the variance over all numbers of a parameter. Adam squares each number and averages over time.", "np.var", cost=0.5, of2="variance over the parameter"),
    _rule("second-adamax", BOTH, "adam_moments", "AdaMax", "Your v keeps the largest |g|, and you divide by it without a root: that is AdaMax. Adam averages squares.", "AdaMax, same paper", gather="largest", of2="|g|", denominator="no root", c2="none"),
    _rule("second-cubed", BOTH, "adam_moments", "Third power in v", "Your v averages g³. Squares under a root give back units of g.", SLIP, cost=0.5, of2="g cubed"),
    _rule("second-fourth", BOTH, "adam_moments", "Fourth power in v", "Your v averages g⁴. Squares under a root give back units of g.", "squared twice", cost=0.5, of2="fourth power"),
    _rule("second-twice-g", BOTH, "adam_moments", "2g in place of g²", "Your v averages twice the gradient: * where ** is meant.", "* for **", cost=0.5, of2="twice g"),
    _rule("second-of-m", BOTH, "adam_moments", "v averages m", "Your v averages m itself, which can be negative.", SLIP, cost=0.5, of2="m"),
    _rule("second-m-times-g", BOTH, "adam_moments", "m times g in v", "Your v averages m·g. Adam squares the gradient itself.", SLIP, cost=0.5, of2="m times g"),
    _rule("second-norm-root", BOTH, "adam_moments", "The gradient's norm as second moment", "You average the length of the whole gradient. Adam's point is a step of its own for each number.", "np.linalg.norm", cost=0.5, of2="root of the norm"),
    _rule("second-one-minus-squared", BOTH, "adam_moments", "1 − β₂² in v", "The new square enters your v with 1 − β₂².", SLIP, cost=0.5, take2="one minus squared"),
    _rule("second-take-scaled", BOTH, "adam_moments", "A weight of your own in v", "The new square enters your v with the weight {n}, whatever β₂ is.", SLIP, cost=0.5, elsewhere=("bias_correction", "adaptive_step"), unknown=SCALE, take2="times n"),
    _rule("betas-first", BOTH, "adam_moments", "β₁ for both moments", "Both your moments use β₁; v has a longer memory of its own.", SLIP, betas="first for both"),
    _rule("betas-second", BOTH, "adam_moments", "β₂ for both moments", "Both your moments use β₂; m has a shorter memory of its own.", SLIP, betas="second for both"),
    _rule("moments-late", BOTH, "adam_moments", "Yesterday's moments", "Your step uses m and v from before this gradient: your first step goes nowhere. First take the gradient in, then correct and step.", "update written below the step", used1="old", used2="old"),
    _rule("first-late", BOTH, "adam_moments", "Yesterday's first moment", "Your step uses m from before this gradient: your first step goes nowhere. First take the gradient in, then correct and step.", SLIP, cost=0.5, used1="old"),
    _rule("second-late", BOTH, "adam_moments", "Yesterday's second moment", "Your step is divided by the root of v from before this gradient, which is 0 in the first step. First take the gradient in.", SLIP, cost=0.5, used2="old"),
    _rule("beta1-fixed", BOTH, "interface", "β₁ is always the same", "Whatever betas are asked for, your β₁ acts like {n}. Is the argument used?", "constants of the module", cost=0.3, unknown=SHARE, beta1="fixed"),
    _rule("beta2-fixed", BOTH, "interface", "β₂ is always the same", "Whatever betas are asked for, your β₂ acts like {n}. Is the argument used?", "constants of the module", cost=0.3, unknown=BETA2, beta2="fixed"),
    _rule("beta1-default", BOTH, "interface", "Another default for β₁", "Without arguments β₁ should be 0.9; yours acts like {n}.", "constants of the module", cost=0.2, unknown=SHARE_ODD, beta1="default n"),
    _rule("beta2-default", BOTH, "interface", "Another default for β₂", "Without arguments β₂ should be 0.999; yours acts like {n}.", "constants of the module", cost=0.2, unknown=BETA2_ODD, beta2="default n"),
)  # fmt: skip

CORRECTION = (
    _rule("correction-missing", BOTH, "bias_correction", "No bias correction", "Both averages start at zero, and you use them as they are. At the first step m is 1 − β₁ of the gradient and √v is √(1 − β₂) of it, so your step is 3 times too long with the usual betas.", NOTES + " say 10 × too small; it is 3.16 × too large", c1="none", c2="none", common=True),
    _rule("correction-m-missing", BOTH, "bias_correction", "First moment not corrected", "Your first steps are 1 − β₁ as long as they should be, a tenth with β₁ = 0.9: m starts at zero and needs time.", SLIP, cost=0.6, c1="none", common=True),
    _rule("correction-v-missing", BOTH, "bias_correction", "Second moment not corrected", "Your first steps are 30 times too long with β₂ = 0.999: v starts at zero, and you divide by its root.", SLIP, cost=0.6, c2="none", common=True),
    _rule("correction-exchanged", BOTH, "bias_correction", "Corrections exchanged", "You correct m with β₂ and v with β₁. Each average forgets its start at its own rate.", SLIP, c1="other beta", c2="other beta", common=True),
    _rule("correction-m-beta2", BOTH, "bias_correction", "First moment corrected with β₂", "m forgets its start at the rate β₁; you correct it as if at β₂.", SLIP, cost=0.6, c1="other beta"),
    _rule("correction-v-beta1", BOTH, "bias_correction", "Second moment corrected with β₁", "v forgets its start at the rate β₂; you correct it as if at β₁.", SLIP, cost=0.6, c2="other beta"),
    _rule("correction-no-power", BOTH, "bias_correction", "The same correction at every step", "You divide by 1 − β at every step. The bias fades with time: at step t it is 1 − βᵗ. Does your t go up?", "the power forgotten, or step_count never raised", c1="no power", c2="no power", common=True),
    _rule("correction-m-no-power", BOTH, "bias_correction", "First moment: same correction at every step", "The bias of m fades with time; you divide by 1 − β₁ for ever.", SLIP, cost=0.6, c1="no power"),
    _rule("correction-v-no-power", BOTH, "bias_correction", "Second moment: same correction at every step", "The bias of v fades with time; you divide by 1 − β₂ for ever.", SLIP, cost=0.6, c2="no power"),
    _rule("correction-first-only", BOTH, "bias_correction", "Correction at the first step only", "Your first step is right, then the correction is gone. It fades step by step.", "`if step == 1`", c1="first step only", c2="first step only"),
    _rule("correction-times-t", BOTH, "bias_correction", "β times t in place of β to the t", "You multiply β by t; after a few steps 1 − βt is negative.", "* for **", c1="times t", c2="times t"),
    _rule("correction-multiplied", BOTH, "bias_correction", "Multiplied by the correction", "You make the small start smaller still. Which operation makes up for a factor 1 − βᵗ?", SLIP, c1="multiplied", c2="multiplied"),
    _rule("correction-beta-t", BOTH, "bias_correction", "Divided by βᵗ", "You divide by βᵗ, which goes to zero, so your averages blow up. What is missing from them is 1 − βᵗ.", SLIP, c1="beta^t", c2="beta^t"),
    _rule("correction-plus", BOTH, "bias_correction", "1 + βᵗ", "Your correction makes early averages smaller. The start at zero already made them too small.", "sign", c1="plus", c2="plus"),
    _rule("correction-stored", BOTH, "bias_correction", "Corrected moments stored back", "You keep the corrected m̂ and v̂ as the averages themselves, so each step corrects what was corrected before.", "one name for m and m̂", kept1="stored", kept2="stored", common=True),
    _rule("correction-m-stored", BOTH, "bias_correction", "Corrected first moment stored back", "You keep m̂ as m, so each step corrects what was corrected before.", "one name for m and m̂", cost=0.6, kept1="stored"),
    _rule("correction-v-stored", BOTH, "bias_correction", "Corrected second moment stored back", "You keep v̂ as v, so each step corrects what was corrected before.", "one name for v and v̂", cost=0.6, kept2="stored"),
    _rule("correction-m-squared", BOTH, "bias_correction", "First moment corrected twice", "You divide m by its correction twice.", SLIP, cost=0.6, c1="squared"),
    _rule("correction-v-rooted", BOTH, "bias_correction", "Root of the correction on v", "You take the root of v's correction, and the root of v̂ again: one root too many.", "the folded form, half remembered", cost=0.6, c2="rooted"),
    _rule("count-from-zero", BOTH, "bias_correction", "t starts at 0", "At your first step t is 0, so 1 − β⁰ = 0 and you divide by zero. Count the step before you use t.", "step_count raised at the end", cost=3.0, t="from zero", common=True, elsewhere=("adam_moments",)),
    _rule("count-from-two", BOTH, "bias_correction", "t starts at 2", "Your first step is corrected as if it were the second. Is t raised twice, or once too early?", SLIP, t="from two", common=True, implies=STEP_COUNTS),
    _rule("count-twice", BOTH, "bias_correction", "t counted twice", "Your t goes 2, 4, 6. It should go up by one for each step().", "raised in the base class too", t="twice", implies=STEP_COUNTS),
    _rule("count-parameters", BOTH, "bias_correction", "t counts parameters", "Your t goes up once for every parameter, so the second parameter of the first step already has t = 2.", "raised inside the loop", count="parameters", common=True, implies=STEP_COUNTS),
    _rule("correction-power-outside", BOTH, "bias_correction", "(1 − β)ᵗ in place of 1 − βᵗ", "You take the power of the whole bracket, which goes to zero. The power belongs to β alone.", "brackets", c1="power outside", c2="power outside"),
    _rule("correction-m-power-outside", BOTH, "bias_correction", "(1 − β₁)ᵗ in place of 1 − β₁ᵗ", "On m you take the power of the whole bracket, which goes to zero. The power belongs to β₁ alone.", "brackets", cost=0.6, c1="power outside"),
    _rule("correction-v-power-outside", BOTH, "bias_correction", "(1 − β₂)ᵗ in place of 1 − β₂ᵗ", "On v you take the power of the whole bracket, which goes to zero. The power belongs to β₂ alone.", "brackets", cost=0.6, c2="power outside"),
    _rule("correction-squared", BOTH, "bias_correction", "Both moments corrected twice", "You divide both moments by their corrections twice.", SLIP, c1="squared", c2="squared"),
    _rule("correction-v-squared", BOTH, "bias_correction", "Second moment corrected twice", "You divide v by its correction twice.", SLIP, cost=0.6, c2="squared"),
    _rule("correction-m-rooted", BOTH, "bias_correction", "Root of the correction on m", "You take the root of m's correction. The root belongs to v alone, where v̂ is.", SLIP, cost=0.6, c1="rooted"),
    _rule("correction-m-multiplied", BOTH, "bias_correction", "First moment multiplied by the correction", "You make the small start of m smaller still. Which operation makes up for a factor 1 − β₁ᵗ?", SLIP, cost=0.6, c1="multiplied"),
    _rule("correction-v-multiplied", BOTH, "bias_correction", "Second moment multiplied by the correction", "You make the small start of v smaller still. Which operation makes up for a factor 1 − β₂ᵗ?", SLIP, cost=0.6, c2="multiplied"),
    _rule("correction-m-beta-t", BOTH, "bias_correction", "First moment divided by β₁ᵗ", "You divide m by β₁ᵗ, which goes to zero. What is missing from it is 1 − β₁ᵗ.", SLIP, cost=0.6, c1="beta^t"),
    _rule("correction-v-beta-t", BOTH, "bias_correction", "Second moment divided by β₂ᵗ", "You divide v by β₂ᵗ, which goes to zero. What is missing from it is 1 − β₂ᵗ.", SLIP, cost=0.6, c2="beta^t"),
    _rule("correction-m-plus", BOTH, "bias_correction", "1 + β₁ᵗ", "Your correction makes early m smaller. The start at zero already made it too small.", "sign", cost=0.6, c1="plus"),
    _rule("correction-v-plus", BOTH, "bias_correction", "1 + β₂ᵗ", "Your correction makes early v smaller. The start at zero already made it too small.", "sign", cost=0.6, c2="plus"),
    _rule("correction-m-times-t", BOTH, "bias_correction", "β₁ times t in place of β₁ to the t", "On m you multiply β₁ by t; after a few steps 1 − β₁t is negative.", "* for **", cost=0.6, c1="times t"),
    _rule("correction-m-first-only", BOTH, "bias_correction", "First moment corrected at the first step only", "Your correction of m is gone after the first step. It fades step by step.", "`if step == 1`", cost=0.6, c1="first step only"),
    _rule("correction-v-first-only", BOTH, "bias_correction", "Second moment corrected at the first step only", "Your correction of v is gone after the first step. It fades step by step.", "`if step == 1`", cost=0.6, c2="first step only"),
    _rule("correction-m-by-both", BOTH, "bias_correction", "First moment corrected with both", "You divide m by both corrections.", SLIP, cost=0.6, c1="both"),
    _rule("correction-v-by-both", BOTH, "bias_correction", "Second moment corrected with both", "You divide v by both corrections.", SLIP, cost=0.6, c2="both"),
    _rule("correction-divided-t", BOTH, "bias_correction", "β divided by t", "Your corrections are 1 − β/t. The bias at step t is 1 − βᵗ.", "/ for **", c1="over t", c2="over t"),
    _rule("correction-m-divided-t", BOTH, "bias_correction", "β₁ divided by t", "Your correction of m is 1 − β₁/t. The bias at step t is 1 − β₁ᵗ.", "/ for **", cost=0.6, c1="over t"),
    _rule("correction-v-divided-t", BOTH, "bias_correction", "β₂ divided by t", "Your correction of v is 1 − β₂/t. The bias at step t is 1 − β₂ᵗ.", "/ for **", cost=0.6, c2="over t"),
    _rule("correction-m-beta", BOTH, "bias_correction", "First moment divided by β₁", "You divide m by β₁ at every step.", SLIP, cost=0.6, c1="beta"),
    _rule("correction-v-beta", BOTH, "bias_correction", "Second moment divided by β₂", "You divide v by β₂ at every step.", SLIP, cost=0.6, c2="beta"),
    _rule("correction-in-lr", BOTH, "bias_correction", "The correction is kept in lr", "You multiply `lr` by the correction and keep the result, so that every step corrects once more. Use a name of your own for the step size.", "self.lr *= …", c1="none", c2="none", rate="corrected for good"),
    _rule("correction-late", BOTH, "bias_correction", "Correction only in the first step", "After step {n} your moments are no longer corrected. The correction fades by itself and needs no end.", "`if step < 10`", cost=0.5, unknown=STEPS, c1="none @ after step n", c2="none @ after step n"),
    _rule("count-constant", BOTH, "bias_correction", "t never changes", "Your t is {n} at every step. The bias at step t is 1 − βᵗ.", "a number written for t", unknown=STEPS, t="stays"),
    _rule("count-stops", BOTH, "bias_correction", "t stops", "Your t does not go beyond {n}.", SLIP, cost=0.5, unknown=STEPS, t="until"),
    _rule("count-further", BOTH, "bias_correction", "t starts too high", "Your t is {n} too high at every step.", SLIP, unknown=FURTHER, t="further"),
    _rule("count-behind", BOTH, "bias_correction", "t one behind from the second step on", "Your first step is right; from then on t is one too low.", "step_count raised at the end", t="behind"),
    _rule("count-half", BOTH, "bias_correction", "Half of t", "Your corrections use t/2.", SLIP, t="half"),
    _rule("count-squared", BOTH, "bias_correction", "t squared", "Your corrections use t².", SLIP, t="squared"),
    _rule("count-gradients", BOTH, "bias_correction", "t counts gradients", "Your t goes up once for every parameter that has a gradient, so the second parameter of the first step already has t = 2.", "raised inside the loop", count="gradients", implies=STEP_COUNTS),
)  # fmt: skip

ADAPTIVE = (
    _rule("eps-inside", BOTH, "adaptive_step", "ε inside the root", "Your ε is added before the root, where √ε is what counts: 10⁻⁸ becomes 10⁻⁴.", "some variants do", denominator="eps inside", common=True),
    _rule("eps-missing", BOTH, "adaptive_step", "No ε", "Where the gradient is zero you divide 0 by 0.", SLIP, cost=0.5, denominator="no eps", common=True),
    _rule("eps-before-correction", BOTH, "adaptive_step", "ε before the correction", "Your ε is added to the uncorrected root and so grows with the correction: the ε̂ of the folded form.", KINGMA + ", just before section 2.1", cost=0.5, denominator="eps before correction"),
    _rule("eps-into-v", BOTH, "adaptive_step", "ε added to v", "Your ε goes into v before correction and root; it belongs beside the root.", SLIP, denominator="eps added to v first"),
    _rule("eps-floor", BOTH, "adaptive_step", "ε as a floor", "You take the larger of √v̂ and ε. Adding is what is asked; they differ when both are of a size.", "np.maximum", cost=0.5, denominator="larger of the two"),
    _rule("eps-subtracted", BOTH, "adaptive_step", "ε subtracted", "With √v̂ = ε you divide by zero. ε is there to keep away from it.", "sign", denominator="eps subtracted"),
    _rule("eps-squared-inside", BOTH, "adaptive_step", "ε² inside the root", "√(v̂ + ε²) is nearly √v̂ + ε when one is much larger, and not when they are of a size.", "hypot", cost=0.5, denominator="eps squared inside"),
    _rule("eps-twice", BOTH, "adaptive_step", "ε twice", "ε is inside your root and beside it.", SLIP, denominator="eps twice"),
    _rule("eps-fixed", BOTH, "adaptive_step", "ε is always 10⁻⁸", "Whatever eps is asked for, yours acts like 10⁻⁸. Is the argument used?", "1e-8 written into the formula", cost=0.35, eps="always 1e-8", common=True, exact=True),
    _rule("eps-fixed-at", BOTH, "adaptive_step", "ε is always the same", "Whatever eps is asked for, yours acts like {n}. Is the argument used?", "constants of the module", cost=0.35, unknown=EPSILON, eps="fixed"),
    _rule("root-missing", BOTH, "adaptive_step", "No root", "You divide by v̂ itself, so a gradient ten times larger makes a step ten times smaller. With the root it makes the same step.", SLIP, denominator="no root", common=True),
    _rule("root-twice", BOTH, "adaptive_step", "Root of a root", "Twice the gradient makes your step √2 times as long. The size of the gradient should cancel.", SLIP, denominator="fourth root"),
    _rule("root-squared", BOTH, "adaptive_step", "v squared", "You square v̂ where its root is meant.", "**2 for **0.5", denominator="squared"),
    _rule("division-missing", BOTH, "adaptive_step", "No division", "Your v has no effect: that is momentum with a correction. Dividing by √v̂ makes the step adaptive.", SLIP, denominator="no division"),
    _rule("division-multiplies", BOTH, "adaptive_step", "Multiplied by the root", "You make large gradients larger. Which operation makes their size cancel?", SLIP, denominator="multiplies"),
    _rule("denominator-plus-one", BOTH, "adaptive_step", "1 + √v̂", "You keep away from zero with 1, which swamps small gradients. ε is meant to be tiny.", "log1p habits", denominator="plus one"),
    _rule("amsgrad", BOTH, "adaptive_step", "AMSGrad", "You divide by the largest v̂ so far. That is AMSGrad; Adam lets v̂ fall again.", "Reddi et al. 2018; torch's amsgrad=True", denominator="largest so far", implies=MOMENTS_KEPT),
    _rule("direction-raw", BOTH, "adaptive_step", "Raw gradient as direction", "Your step goes along the newest gradient and not along m̂: RMSprop. Adam's direction is the average.", "RMSprop", direction="raw gradient", common=True),
    _rule("direction-sign", BOTH, "adaptive_step", "Only the sign of m", "Your direction is only the sign of m̂; its size matters too.", "Lion", direction="sign of m"),
    _rule("direction-sign-gradient", BOTH, "adaptive_step", "Only the sign of the gradient", "Your direction is only the sign of the newest gradient.", "signSGD", direction="sign of g"),
    _rule("direction-nadam", BOTH, "adaptive_step", "Nesterov's look-ahead in Adam", "You mix the newest gradient into m̂ once more. That is NAdam.", "Dozat 2016", direction="look-ahead"),
    _rule("adam-ascent", BOTH, "adaptive_step", "Adam climbs", "Your Adam goes uphill. The average of gradients points up, too.", SLIP, sign="ascend", common=True, elsewhere=("adam_moments", "bias_correction")),
    _rule("adam-no-lr", BOTH, "adaptive_step", "Adam without learning rate", "Your first step is 1, whatever lr. The learning rate is the length of Adam's step.", SLIP, rate="without lr"),
    _rule("adam-lr-squared", BOTH, "adaptive_step", "Learning rate twice in Adam", "Halving lr makes your step four times smaller.", SLIP, rate="lr squared"),
    _rule("adam-lr-over-root-t", BOTH, "adaptive_step", "A schedule hidden in Adam", "Your steps shrink as 1/√t. The proof uses that; the algorithm does not.", KINGMA + ", section 4", rate="lr over root t"),
    _rule("adam-replaces", BOTH, "adaptive_step", "The parameter is replaced by the step", "After a step your parameter no longer remembers where it was.", "= written for -=", base="zero"),
    _rule("adam-clips", BOTH, "adaptive_step", "Gradient clipped in Adam", "Gradients are cut at ±1 before your moments see them. Clipping is the caller's choice.", "training loops often clip", sees="clipped to ±1"),
    _rule("adam-normalises", BOTH, "adaptive_step", "Gradient normalised in Adam", "You divide the gradient by its norm before the moments. The division by √v̂ is all the scaling Adam needs.", "normalised gradient descent", sees="normalised"),
    _rule("adam-lr-frozen", BOTH, "adaptive_step", "Learning rate of the first day in Adam", "You keep using the learning rate from construction. A scheduler changes `optimizer.lr`; read it at every step.", "lr copied in the constructor", cost=0.3, lr="frozen"),
    _rule("eps-times", BOTH, "adaptive_step", "Multiplied by ε", "You multiply the root by ε, so the step becomes huge. Which operation keeps away from zero?", "* for +", denominator="root times eps"),
    _rule("eps-doubled", BOTH, "adaptive_step", "Twice ε", "Your ε comes in twice.", SLIP, cost=0.5, denominator="eps doubled"),
    _rule("eps-root", BOTH, "adaptive_step", "Root of ε", "You add √ε beside the root: 10⁻⁸ becomes 10⁻⁴.", SLIP, denominator="root of eps"),
    _rule("eps-only", BOTH, "adaptive_step", "Divided by ε alone", "You divide by ε and nothing else, so the step becomes huge.", "brackets", denominator="only eps", elsewhere=("adam_moments",)),
    _rule("amsgrad-uncorrected", BOTH, "adaptive_step", "AMSGrad", "You divide by the largest v so far. That is AMSGrad; Adam lets v fall again.", "Reddi et al. 2018; torch's amsgrad=True", denominator="largest uncorrected", implies=MOMENTS_KEPT),
    _rule("eps-beside-fraction", BOTH, "adaptive_step", "One for a whole parameter", "All numbers of a parameter share your denominator. Each should have its own.", "np.mean in the wrong place", denominator="one per parameter", elsewhere=("adam_moments",)),
    _rule("direction-squared", BOTH, "adaptive_step", "m̂ squared", "Your direction is m̂², which has lost its sign.", SLIP, direction="squared"),
    _rule("direction-sum", BOTH, "adaptive_step", "Gradient added to m̂", "You step along m̂ plus the gradient, which is in m̂ already.", "Nesterov half remembered", direction="sum with g"),
    _rule("direction-corrected-gradient", BOTH, "adaptive_step", "Corrected gradient as direction", "You correct the newest gradient and step along it. Adam's direction is the average.", SLIP, direction="corrected gradient", elsewhere=("adam_moments",)),
    _rule("adam-scaled", BOTH, "adaptive_step", "A factor of your own in the step", "Your steps are {n} times as long as they should be, whatever is asked for.", SLIP, elsewhere=("adam_moments", "bias_correction"), unknown=SCALE, rate="times n"),
    _rule("adam-divided-by-lr", BOTH, "adaptive_step", "Divided by the learning rate", "A smaller learning rate makes your step longer.", SLIP, rate="divided by lr"),
    _rule("adam-lr-over-t", BOTH, "adaptive_step", "A schedule hidden in Adam", "Your steps shrink as 1/t. Whoever wants a schedule changes `lr`.", "convergence proofs use lr/t", rate="lr over t"),
    _rule("adam-lr-fades", BOTH, "adaptive_step", "A schedule hidden in Adam", "Your learning rate is multiplied by {n} after every step. Whoever wants a schedule changes `lr`.", "exponential schedules", unknown=FADING, rate="fading"),
    _rule("adam-lr-fades-first", BOTH, "adaptive_step", "A schedule hidden in Adam", "Your learning rate is multiplied by {n} at every step, the first one too. Whoever wants a schedule changes `lr`.", "exponential schedules", unknown=FADING, rate="fading from the first"),
    _rule("adam-lr-inverse-time", BOTH, "adaptive_step", "A schedule hidden in Adam", "Your steps shrink as 1/(1 + {n}·t). Whoever wants a schedule changes `lr`.", "Keras' old decay argument", unknown=BOUND, rate="by inverse time"),
    _rule("adam-lr-fixed", BOTH, "adaptive_step", "The learning rate is always the same", "Whatever lr is asked for, yours acts like {n}. Is the argument used?", "constants of the module", cost=0.6, unknown=RATES, lr="fixed"),
    _rule("adam-clips-at", BOTH, "adaptive_step", "Gradient clipped in Adam", "Gradients are cut at ±{n} before your moments see them. Clipping is the caller's choice.", "training loops often clip", cost=0.6, unknown=BOUND, sees="clipped at n"),
    _rule("adam-clips-norm", BOTH, "adaptive_step", "Gradient clipped by its norm in Adam", "A gradient longer than 1 is shortened to 1 before your moments see it. Clipping is the caller's choice.", "clip_grad_norm_ in training loops", sees="clipped by norm"),
    _rule("adam-clips-norm-at", BOTH, "adaptive_step", "Gradient clipped by its norm in Adam", "A gradient longer than {n} is shortened to {n} before your moments see it. Clipping is the caller's choice.", "clip_grad_norm_ in training loops", unknown=BOUND, sees="clipped by norm n"),
    _rule("adam-sign", BOTH, "adaptive_step", "Only the sign of the gradient", "Your moments see only the sign of the gradient.", "signSGD", sees="sign"),
    _rule("adam-doubles", BOTH, "adaptive_step", "Twice the gradient in Adam", "Your moments see twice the gradient; where ε matters the step is too long.", "the 2 of a squared loss", sees="doubled"),
    _rule("adam-averages", BOTH, "adaptive_step", "Gradient divided by the size of the parameter", "Your moments see the gradient divided by the size of the parameter. Here each number stands for itself.", "mean reduction confused", sees="averaged over the parameter"),
    _rule("adam-centres", BOTH, "adaptive_step", "The gradient's mean is taken away", "You subtract the mean of the gradient, so a parameter of one number never moves.", "gradient centralisation", sees="centred"),
    _rule("adam-gradient-scaled", BOTH, "adaptive_step", "A factor of your own on the gradient", "Your moments see {n} times the gradient.", SLIP, elsewhere=("adam_moments", "bias_correction"), unknown=SCALE, sees="times n"),
    _rule("adam-from-start", BOTH, "adaptive_step", "Always one step from the start", "Each of your steps begins at the starting point and not where the last one ended.", "a copy kept from construction", base="start", implies=_sizes("Adam", "AdamW")),
    _rule("eps-default", BOTH, "interface", "Another default for ε", "Without arguments ε should be 10⁻⁸; yours acts like {n}.", "constants of the module", cost=0.2, unknown=EPSILON_ODD, eps="default n"),
)  # fmt: skip

ADAM_DECAY = (
    _rule("adam-decay-missing", ADAM, "weight_decay", "Adam ignores weight decay", "With and without weight_decay your Adam steps are the same.", SLIP, factor="missing", common=True),
    _rule("adam-decay-negative", ADAM, "weight_decay", "Adam's weights grow", "Your weight decay pushes parameters away from zero.", SLIP, factor="negative"),
    _rule("adam-decay-doubled", ADAM, "weight_decay", "Adam's decay twice as strong", "You take the derivative of λθ², which is 2λθ. Here λ already is the factor of θ in the gradient.", "λ‖θ‖² against λ/2 ‖θ‖²", factor="doubled"),
    _rule("adam-decay-l1", ADAM, "weight_decay", "L1 in Adam", "Your decay takes the same from every weight. L2 takes in proportion to the weight.", "L1 and L2 confused", what="sign"),
    _rule("adam-decay-times-lr", ADAM, "weight_decay", "Learning rate in Adam's decay", "Your decay is multiplied by lr before it enters the gradient.", "AdamW's lr·λ", factor="lr"),
    _rule("adam-decay-decoupled", ADAM, "weight_decay", "AdamW in Adam's place", "Your Adam decays the parameters directly. That is AdamW; Adam adds λθ to the gradient, for better or worse.", LOSHCHILOV, decay="direct", common=True),
    _rule("adam-decay-without-lr", ADAM, "weight_decay", "Direct decay without lr in Adam", "You shrink the parameters by λ at every step. In Adam decay is part of the gradient.", LOSHCHILOV, decay="direct", factor="without lr"),
    _rule("adam-decay-only-m", ADAM, "weight_decay", "Decay in m only", "Your decay enters m but not v. It is part of the gradient, and both see the gradient.", "decay added between the two lines", cost=0.6, decay="m"),
    _rule("adam-decay-only-v", ADAM, "weight_decay", "Decay in v only", "Your decay enters v but not m, so it slows the steps and shrinks nothing.", "decay added between the two lines", cost=0.6, decay="v"),
    _rule("adam-decay-both", ADAM, "weight_decay", "Adam decays twice", "Your weights shrink through the gradient and directly.", SLIP, decay="gradient and direct"),
    _rule("adam-decay-mutates", ADAM, "interface", "Adam changes the gradient in place", "Your step leaves its decay inside the gradient itself. Make a new array.", "`+=` on an array changes the caller's array", cost=0.3, left="changed", common=True),
    _rule("adam-decay-cubed", ADAM, "weight_decay", "Decay of the cube", "Your decay takes in proportion to the third power of the weight. L2 takes in proportion to the weight itself.", SLIP, what="cubed"),
    _rule("adam-decay-absolute", ADAM, "weight_decay", "Decay without a sign", "Your decay uses the size of the weight and not its sign: negative weights are pushed away from zero.", SLIP, what="absolute"),
    _rule("adam-decay-mean", ADAM, "weight_decay", "Decay of the mean", "Your decay pulls by the mean of the parameter. Each number should be pulled by itself.", SLIP, what="mean"),
    _rule("adam-decay-norm", ADAM, "weight_decay", "Decay times the norm", "Your decay is multiplied by the length of the parameter. λθ alone is the derivative of ½λθ².", SLIP, what="norm"),
    _rule("adam-decay-direction", ADAM, "weight_decay", "Decay of the direction only", "Your decay divides the parameter by its length: the derivative of λ‖θ‖ and not of ½λ‖θ‖².", SLIP, what="direction"),
    _rule("adam-decay-squared-lambda", ADAM, "weight_decay", "λ squared", "Your decay uses λ². Somewhere it is multiplied by λ twice.", SLIP, factor="squared"),
    _rule("adam-decay-root-lambda", ADAM, "weight_decay", "Root of λ", "Your decay uses √λ.", SLIP, factor="root"),
    _rule("adam-decay-by-t", ADAM, "weight_decay", "Decay grows with t", "Your decay is multiplied by the step's number.", SLIP, factor="by t"),
    _rule("adam-decay-over-t", ADAM, "weight_decay", "Decay fades with t", "Your decay is divided by the step's number.", SLIP, factor="over t"),
    _rule("adam-decay-scaled", ADAM, "weight_decay", "A factor of your own in the decay", "Your decay is {n} times as strong as it should be.", SLIP, unknown=SCALE, factor="times n"),
    _rule("adam-decay-one-minus", ADAM, "weight_decay", "1 − λ in place of λ", "Your decay is strong where λ is small: you use 1 − λ as the factor.", SLIP, factor="one minus"),
    _rule("adam-decay-over-lr", ADAM, "weight_decay", "Decay divided by lr", "Your decay is divided by lr once too often.", SLIP, factor="without lr"),
    _rule("adam-decay-fixed", ADAM, "weight_decay", "Decay is always the same", "Whatever weight_decay is asked for, yours acts like {n}.", SLIP, cost=0.6, unknown=DECAYS, lam="fixed"),
    _rule("adam-decay-frozen-lr", ADAM, "weight_decay", "Decay with the first learning rate", "Your decay keeps using the learning rate from construction.", SLIP, factor="frozen lr"),
    _rule("adam-decay-first-step", ADAM, "weight_decay", "Decay at the first step only", "Your parameters decay once and never again.", SLIP, factor="missing @ later steps"),
    _rule("adam-decay-stale-default", ADAM, "interface", "Another default for weight decay", "Without arguments your weight decay acts like {n}.", SLIP, cost=0.2, unknown=DECAYS, lam="default n"),
    _rule("adam-decay-divides", ADAM, "weight_decay", "Divided by the factor", "You divide the parameters by 1 − lr·λ, which makes them larger.", SLIP, decay="divides"),
    _rule("adam-decay-halved", ADAM, "weight_decay", "Adam's decay half as strong", "You kept the ½ of ½λθ²; the derivative cancels it.", "λ/2 ‖θ‖²", factor="halved"),
    _rule("adam-decay-squared", ADAM, "weight_decay", "The penalty itself, not its derivative", "You add λθ² to the gradient: that is the penalty. The gradient needs its derivative.", "loss and gradient confused", what="squared"),
    _rule("adam-decay-constant", ADAM, "weight_decay", "A constant in place of decay", "You add λ itself, whatever the weight: all parameters drift down, even negative ones.", SLIP, what="one"),
    _rule("adam-decay-on-start", ADAM, "weight_decay", "Decay of the starting point", "Your decay always uses the parameters of the beginning. Take them as they are now.", "a copy kept from construction", what="start", implies=_sizes("Adam")),
    _rule("adam-decay-on-gradient", ADAM, "weight_decay", "Decay of the gradient", "Your decay scales the gradient and never looks at the weights.", SLIP, what="gradient"),
    _rule("adam-decay-instead", ADAM, "weight_decay", "Decay in place of the gradient", "With weight decay your step ignores the gradient. It should be added to it.", "= written for +=", decay="instead of the gradient"),
    _rule("adam-decay-over-root", ADAM, "weight_decay", "Decay divided by √v̂ only", "Your decay joins the direction after m and v and is divided by √v̂. It is part of the gradient, before both.", "half decoupled", decay="over the root"),
    _rule("adam-decay-step-size", ADAM, "weight_decay", "Decay with the corrected step size", "Your decay is multiplied by √(1 − β₂ᵗ)/(1 − β₁ᵗ) as well.", "the folded form", factor="corrected step size"),
    _rule("adam-decay-on-update", ADAM, "weight_decay", "Decay of the update", "You shrink the step, not the parameters.", SLIP, decay="on the update"),
    _rule("adam-decay-on-direction", ADAM, "weight_decay", "Decay of the direction", "You scale the direction by 1 − λ; the parameters have no part in it.", SLIP, decay="on the direction"),
)  # fmt: skip

ADAMW_DECAY = (
    _rule("adamw-coupled", ADAMW, "adamw", "L2 in AdamW", "Your AdamW adds λθ to the gradient, so it is Adam again: where gradients are large, √v̂ divides the decay away.", "AdamW written by copying Adam", decay="gradient", common=True),
    _rule("adamw-both", ADAMW, "adamw", "Coupled and decoupled", "Your decay acts twice, through the gradient and directly. Only the direct one belongs here.", "AdamW written on top of Adam", decay="gradient and direct", common=True),
    _rule("adamw-missing", ADAMW, "adamw", "AdamW without decay", "Your AdamW is Adam without weight decay: with and without it the steps are the same.", SLIP, factor="missing", common=True),
    _rule("adamw-without-lr", ADAMW, "adamw", "Decay without learning rate", "You shrink the parameters by λ at every step, however small lr is. Decay should scale with the step.", LOSHCHILOV + " write η·λ", factor="without lr", common=True),
    _rule("adamw-lr-squared", ADAMW, "adamw", "Learning rate twice in the decay", "Halving lr makes your decay four times weaker.", SLIP, factor="lr"),
    _rule("adamw-grows", ADAMW, "adamw", "Weights grow", "Your decay makes parameters larger. With a zero gradient they should shrink a little.", "sign", factor="negative", common=True),
    _rule("adamw-over-root", ADAMW, "adamw", "Decay divided by √v̂", "Your decay is divided by √v̂ like the gradient. Decoupled means that no gradient, past or present, touches it.", "half decoupled", decay="over the root"),
    _rule("adamw-on-update", ADAMW, "adamw", "Decay of the update", "You shrink the step, not the parameters: with a zero gradient nothing decays.", SLIP, decay="on the update"),
    _rule("adamw-on-m", ADAMW, "adamw", "Decay of the direction", "You scale the direction by 1 − λ; the parameters themselves never shrink.", SLIP, decay="on the direction"),
    _rule("adamw-constant", ADAMW, "adamw", "A constant taken away", "You subtract lr·λ from every parameter, whatever its value: negative ones grow.", SLIP, what="one"),
    _rule("adamw-sign", ADAMW, "adamw", "L1 in AdamW", "Your decay takes the same from every weight. It should take in proportion to the weight.", "L1 and L2 confused", what="sign"),
    _rule("adamw-twice", ADAMW, "adamw", "Decay applied twice", "Your parameters shrink by the factor twice in every step.", SLIP, factor="twice in a row"),
    _rule("adamw-of-start", ADAMW, "adamw", "Decay of the starting point", "Your decay always uses the parameters of the beginning.", "a copy kept from construction", what="start", implies=_sizes("AdamW")),
    _rule("adamw-keeps-only", ADAMW, "adamw", "Only lr·λ is kept", "You multiply the parameters by lr·λ: nearly all is gone after one step. How much should be left?", "1 − forgotten", decay="keeps only"),
    _rule("adamw-first-step", ADAMW, "adamw", "Decay at the first step only", "Your parameters decay once and never again.", SLIP, factor="missing @ later steps"),
    _rule("adamw-by-t", ADAMW, "adamw", "Decay grows with t", "Your decay is multiplied by the step's number.", SLIP, factor="by t"),
    _rule("adamw-divides", ADAMW, "adamw", "Divided by the factor", "You divide by 1 − lr·λ, which makes parameters larger.", SLIP, decay="divides"),
    _rule("adamw-half", ADAMW, "adamw", "Half the decay", "Your parameters shrink by half of lr·λ.", "λ/2 ‖θ‖²", factor="halved"),
    _rule("adamw-only-m", ADAMW, "adamw", "Decay inside m", "λθ goes into m but not into v: still coupled, remembered and divided by √v̂.", "half decoupled", decay="m"),
    _rule("adamw-only-v", ADAMW, "adamw", "Decay inside v", "λθ goes into v: it slows the steps and shrinks nothing.", "half decoupled", decay="v"),
    _rule("adamw-frozen-lr", ADAMW, "adamw", "Decay with the first learning rate", "Your decay keeps using the learning rate from construction.", "factor computed in the constructor", cost=0.4, factor="frozen lr"),
    _rule("adamw-decay-fixed", ADAMW, "adamw", "Decay is always the same", "Whatever weight_decay is asked for, yours acts like {n}.", "constants of the module", cost=0.6, unknown=DECAYS, lam="fixed"),
    _rule("adamw-default-zero", ADAMW, "adamw", "AdamW's default decay is zero", "AdamW without arguments should decay: its default weight_decay is 0.01.", "Adam's default copied", cost=0.2, lam="default zero"),
    _rule("adamw-none-decays", ADAMW, "interface", "Decay without a gradient", "A parameter without a gradient still shrinks. Skip it whole.", "decay outside the `if`", cost=0.3, absent="decays", common=True),
    _rule("adamw-cubed", ADAMW, "adamw", "Decay of the cube", "Your decay takes in proportion to the third power of the weight. L2 takes in proportion to the weight itself.", SLIP, what="cubed"),
    _rule("adamw-absolute", ADAMW, "adamw", "Decay without a sign", "Your decay uses the size of the weight and not its sign: negative weights are pushed away from zero.", SLIP, what="absolute"),
    _rule("adamw-mean", ADAMW, "adamw", "Decay of the mean", "Your decay pulls by the mean of the parameter. Each number should be pulled by itself.", SLIP, what="mean"),
    _rule("adamw-norm", ADAMW, "adamw", "Decay times the norm", "Your decay is multiplied by the length of the parameter. λθ alone is the derivative of ½λθ².", SLIP, what="norm"),
    _rule("adamw-direction", ADAMW, "adamw", "Decay of the direction only", "Your decay divides the parameter by its length: the derivative of λ‖θ‖ and not of ½λ‖θ‖².", SLIP, what="direction"),
    _rule("adamw-squared-lambda", ADAMW, "adamw", "λ squared", "Your decay uses λ². Somewhere it is multiplied by λ twice.", SLIP, factor="squared"),
    _rule("adamw-root-lambda", ADAMW, "adamw", "Root of λ", "Your decay uses √λ.", SLIP, factor="root"),
    _rule("adamw-over-t", ADAMW, "adamw", "Decay fades with t", "Your decay is divided by the step's number.", SLIP, factor="over t"),
    _rule("adamw-scaled", ADAMW, "adamw", "A factor of your own in the decay", "Your decay is {n} times as strong as it should be.", SLIP, unknown=SCALE, factor="times n"),
    _rule("adamw-one-minus", ADAMW, "adamw", "1 − λ in place of λ", "Your decay is strong where λ is small: you use 1 − λ as the factor.", SLIP, factor="one minus"),
    _rule("adamw-stale-default", ADAMW, "adamw", "Another default for weight decay", "Without arguments your weight decay acts like {n}.", SLIP, cost=0.2, unknown=DECAYS, lam="default n"),
    _rule("adamw-doubled", ADAMW, "adamw", "Twice the decay", "Your parameters shrink by 2·lr·λ.", "λ‖θ‖² against λ/2 ‖θ‖²", factor="doubled"),
    _rule("adamw-squared", ADAMW, "adamw", "Decay of the square", "Your decay takes lr·λ·θ². It should take in proportion to the weight.", "loss and gradient confused", what="squared"),
    _rule("adamw-of-gradient", ADAMW, "adamw", "Decay of the gradient", "Your decay takes lr·λ of the gradient and never looks at the weights.", SLIP, what="gradient"),
    _rule("adamw-step-size", ADAMW, "adamw", "Decay with the corrected step size", "Your decay is multiplied by √(1 − β₂ᵗ)/(1 − β₁ᵗ), which belongs to the moments. Decay takes lr·λ.", "the folded form", factor="corrected step size"),
    _rule("adamw-folded", ADAMW, "adamw", "Decay inside the folded step", "You draw the corrections into the step size and multiply the decay by it too. Decay takes lr·λ, from the first step on.", "the folded form", factor="corrected step size", denominator="eps before correction"),
    _rule("adamw-decay-divided", ADAMW, "adamw", "Decay divided by lr", "A smaller learning rate makes your decay stronger.", SLIP, factor="divided"),
)  # fmt: skip

LEARNING_RATES = tuple(
    m
    for groups, prefix, right in ((SGD, "sgd", "0.01"), (ADAM, "adam", "0.001"), (ADAMW, "adamw", "0.001"))
    for m in (
        _rule(f"{prefix}-lr-default-large", groups, "interface", "Default learning rate ten times too large", f"Without arguments lr should be {right}.", "the other optimizer's default", cost=0.2, lr="default tenfold"),
        _rule(f"{prefix}-lr-default-other", groups, "interface", "Another default learning rate", f"Without arguments lr should be {right}; yours acts like {{n}}.", "constants of the module", cost=0.2, unknown=RATES_ODD, lr="default n"),
        _rule(f"{prefix}-lr-default-small", groups, "interface", "Default learning rate ten times too small", f"Without arguments lr should be {right}.", "the other optimizer's default", cost=0.2, lr="default a tenth"),
    )
)  # fmt: skip
DEFAULTS = (
    *LEARNING_RATES,
    _rule("adam-decay-default", ADAM, "interface", "Adam decays by default", "Adam without arguments has no weight decay; AdamW has.", "AdamW's default copied", cost=0.2, lam="default 0.01"),
    _rule("sgd-decay-default", SGD, "interface", "SGD decays by default", "SGD without arguments has no weight decay; AdamW has.", "AdamW's default copied", cost=0.2, lam="default 0.01"),
)  # fmt: skip

CLASSES = ("SGD", "Adam", "AdamW")
NOT_RULES = (
    _seen("zero-grad-zeros", "zero_grad", "Zeros in place of None", "You fill gradients with zeros. A zero gradient still makes a step: velocity, decay and t go on. None says that there is nothing to do.", "torch before 2.0; set_to_none=False",
          {f"zero-grad:{c} cleared": 1.0 for c in CLASSES} | {f"zero-grad:{c} set to None": 0.0 for c in CLASSES}, 0.4),
    _seen("zero-grad-nothing", "zero_grad", "zero_grad does nothing", "After your zero_grad() all gradients are still there, so the next backward() adds to them.", "a local name set to None",
          {f"zero-grad:{c} cleared": 0.0 for c in CLASSES}),
    _seen("zero-grad-first-only", "zero_grad", "Only the first gradient cleared", "Your zero_grad() clears the first parameter and leaves the rest: is there a `return` in the loop?", SLIP,
          {f"zero-grad:{c} cleared": 1 / 3 for c in CLASSES}, 0.7),
    _seen("zero-grad-last-only", "zero_grad", "Not every gradient cleared", "Your zero_grad() leaves one parameter's gradient behind.", SLIP,
          {f"zero-grad:{c} cleared": 2 / 3 for c in CLASSES}, 0.7),
    _seen("params-iterator", "interface", "A generator used up", "You keep the iterable as it came. A generator can be read once: after the first loop your optimizer has no parameters left. Make a list.", "self.params = params",
          {"base-class:params is a list": False}, 0.3),
    _seen("state-live", "state", "The buffers themselves handed out", "get_momentum_state() hands out your own buffers: whoever changes them changes your optimizer.", "return self.buffers",
          {"momentum-state:copies": "failed", "momentum-state:hands out copies": "failed"}, 0.5),
    _seen("state-kept", "state", "A caller's arrays kept as buffers", "set_momentum_state() keeps the caller's arrays: when the caller changes them, your velocity changes.", "buffers = state",
          {"momentum-state:resumed": "failed", "momentum-state:keeps copies": "failed"}, 0.5),
    _seen("gradient-kept", "interface", "The caller's gradient array kept", "Between steps you keep the gradient array that the caller handed over: when the caller writes the next gradient into the same array, your velocity changes with it. Keep an array of your own.", "buffer = grad at the first step",
          {"sgd-life-overwrite:trajectory": "failed", "momentum-several:trajectory": "passed", "sgd-life-zero-grad:trajectory": "passed", "sgd-life-long:trajectory": "passed"}, 0.5),
    _seen("state-eager", "state", "Buffers made in the constructor", "You allocate buffers before the first step. Made at the first step, they cost nothing until they are needed.", "zeros_like in __init__",
          {"state-size:Adam before": 2, "state-size:AdamW before": 2, "state-size:SGD with momentum before": 1}, 0.3),
)  # fmt: skip
BY_CLASS = tuple(
    _seen(f"{c.lower()}-shared", "state", f"State shared between two {c} optimizers", "Two optimizers of yours share their state. A mutable default argument or an attribute of the class belongs to all of them.", "class attributes; mutable defaults",
          {f"{c.lower()}-interleaved:trajectory": "failed", f"{c.lower()}-interleaved:alone": "failed"}, 0.5,
          implies=(f"{c.lower()}-life-zero-grad:trajectory",))  # where another instance comes between
    for c in CLASSES
)  # fmt: skip
FORGETS = tuple(
    _seen(f"{c.lower()}-zero-grad-forgets", "zero_grad", "zero_grad forgets what was learned", f"After zero_grad() your {c} begins anew: what it remembers of earlier steps, or the count of steps, is gone. Only gradients are to be cleared.", "self.state = {} beside the gradients",
          {f"{c.lower()}-life-zero-grad:trajectory": "failed", f"{c.lower()}-life-overwrite:trajectory": "passed", f"{c.lower()}-life-long:trajectory": "passed", f"{c.lower()}-interleaved:trajectory": "passed"})
    for c in CLASSES
)  # fmt: skip
WIDENED = tuple(
    _seen(f"{c.lower()}-float64", "interface", f"{c} turns float32 into float64", "Your parameters become float64, twice the memory: a float64 array or number gets into your step. np.zeros(shape) makes one, and so does np.sqrt of a number; a Python float changes nothing.", "np.sqrt of a number gives np.float64",
          {f"{c.lower()}-float32:dtype": "float64"}, 0.1)
    for c in CLASSES
)  # fmt: skip

MISCONCEPTIONS: tuple[Misconception, ...] = (
    *PLAIN_STEP, *MOMENTUM, *L2, *ABSENT, *MOMENTS, *CORRECTION, *ADAPTIVE, *ADAM_DECAY, *ADAMW_DECAY, *DEFAULTS, *NOT_RULES, *BY_CLASS, *FORGETS, *WIDENED,
)  # fmt: skip
