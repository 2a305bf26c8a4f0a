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
from dataclasses import replace

from autograder.model import Fact, Misconception

SGD = ("SGD",)
ADAM = ("Adam",)
ADAMW = ("AdamW",)
BOTH = ("Adam", "AdamW")

NOTES = "course notes"
SUTSKEVER = "Sutskever et al. 2013"
KINGMA = "Kingma & Ba 2015"
LOSHCHILOV = "Loshchilov & Hutter 2019"
SLIP = "a slip that compiles and still learns"


def _rule(
    name: str,
    groups: tuple[str, ...],
    criterion: str,
    title: str,
    hint: str,
    reason: str,
    cost: float = 1.0,
    **changes: str,
) -> Misconception:
    return Misconception(name, title, criterion, hint, reason, groups, changes=changes, cost=cost)


def _seen(
    name: str, criterion: str, title: str, hint: str, reason: str, facts: Mapping[str, Fact], cost: float = 1.0
) -> Misconception:
    return Misconception(name, title, criterion, hint, reason, facts=facts, cost=cost)


PLAIN_STEP = (
    _rule("sgd-ascent", SGD, "sgd", "Gradient ascent", "Your parameters climb. The gradient points uphill; to lower the loss, go the other way.", SLIP, step="ascend"),
    _rule("sgd-no-lr", SGD, "sgd", "Learning rate left out", "Your step is as long as the gradient itself, whatever the learning rate. Halve lr and look: nothing changes.", SLIP, step="without lr"),
    _rule("sgd-lr-squared", SGD, "sgd", "Learning rate applied twice", "Halving lr makes your step four times smaller. Somewhere lr comes in twice.", SLIP, step="lr squared"),
    _rule("sgd-divided-by-lr", SGD, "sgd", "Divided by the learning rate", "A smaller learning rate makes your step longer. It should scale the step, not divide it.", SLIP, step="divided by lr"),
    _rule("sgd-replaces", SGD, "sgd", "The parameter is replaced, not moved", "After a step your parameter no longer remembers where it was. A step starts from the old value.", "= written for -=", step="replaces"),
    _rule("sgd-lr-over-t", SGD, "sgd", "A schedule hidden in the step", "Your steps shrink as 1/t. SGD has no schedule of its own; whoever wants one changes `lr`.", "convergence proofs use lr/t", step="lr over t"),
    _rule("sgd-lr-over-root-t", SGD, "sgd", "A square-root schedule hidden in the step", "Your steps shrink as 1/√t. SGD has no schedule of its own; whoever wants one changes `lr`.", "convergence proofs use lr/√t", step="lr over root t"),
    _rule("sgd-lr-frozen", SGD, "sgd", "Learning rate of the first day", "You keep using the learning rate from construction. A scheduler changes `optimizer.lr`; read it at every step.", "lr copied in the constructor", cost=0.5, hyper="lr frozen"),
    _rule("sgd-clips", SGD, "sgd", "Gradient clipped", "Large gradients and larger ones move your parameters equally: the gradient is cut at ±1. Clipping is the caller's choice.", "training loops often clip", sees="clipped to ±1"),
    _rule("sgd-clips-norm", SGD, "sgd", "Gradient clipped by its norm", "A gradient longer than 1 is shortened to 1. Clipping is the caller's choice, not the optimizer's.", "clip_grad_norm_ in training loops", sees="clipped by norm"),
    _rule("sgd-normalises", SGD, "sgd", "Gradient normalised", "All gradients move your parameters equally far: you divide by the norm. A small slope should make a small step.", "normalised gradient descent", sees="normalised"),
    _rule("sgd-sign", SGD, "sgd", "Only the sign of the gradient", "Twice the gradient makes the same step. How steep it is matters, not only which way.", "signSGD", sees="sign"),
    _rule("sgd-halves", SGD, "sgd", "Half the gradient", "Your steps are half as long as they should be. A factor ½ belongs to the derivative of a square, and backward() has done that.", "the ½ of a squared loss", sees="halved"),
    _rule("sgd-doubles", SGD, "sgd", "Twice the gradient", "Your steps are twice as long as they should be. A factor 2 belongs to the derivative of a square, and backward() has done that.", "the 2 of a squared loss", sees="doubled"),
    _rule("sgd-averages", SGD, "sgd", "Gradient divided by the size of the parameter", "The larger the parameter, the shorter your step. The mean over a batch is the loss's business; here each number stands for itself.", "mean reduction confused", sees="averaged over the parameter"),
)  # fmt: skip

MOMENTUM = (
    _rule("momentum-averaged", SGD, "momentum", "Momentum as an average", "You weigh old velocity and new gradient so that the weights sum to 1. Heavy ball adds the whole gradient: pushed steadily, it reaches 1/(1 − μ) times the speed.", NOTES + ": '90 % old velocity, 10 % gradient'", velocity="averaged"),
    _rule("momentum-weights-exchanged", SGD, "momentum", "Momentum's weights exchanged", "A momentum of 0.9 should mean a long memory; yours forgets almost everything. And heavy ball adds the whole gradient.", SLIP, velocity="weights exchanged"),
    _rule("momentum-lr-inside", SGD, "momentum", "Learning rate inside the velocity", "Your velocity remembers old learning rates. When lr changes, this step should use the new one for everything it has gathered.", SUTSKEVER, cost=0.5, velocity="lr inside"),
    _rule("momentum-nesterov", SGD, "momentum", "Nesterov's momentum", "You look ahead: the step uses the gradient plus μ times the new velocity. That is Nesterov's rule; this one steps along the velocity itself.", "torch's nesterov=True", velocity="Nesterov"),
    _rule("momentum-stale", SGD, "momentum", "Yesterday's velocity", "Your step goes along the velocity from before this gradient. First take the gradient in, then step.", SLIP, velocity="stale"),
    _rule("momentum-plus-stale", SGD, "momentum", "Old velocity damped twice", "The old velocity reaches your parameters with one factor of μ too many. Store the velocity that you step along.", SLIP, velocity="plus stale"),
    _rule("momentum-ignored", SGD, "momentum", "No memory", "With momentum your steps are those of plain SGD: what was gathered in earlier steps has no effect. Is the velocity kept, and used?", "buffer made anew in each step, or never read", velocity="ignored"),
    _rule("momentum-undamped", SGD, "momentum", "Velocity without friction", "Your velocity never fades: it adds up all gradients. Something should take a part of it away at every step.", SLIP, velocity="undamped"),
    _rule("momentum-scaled-whole", SGD, "momentum", "The new gradient damped as well", "Already at the first step you go only μ times as far. Friction acts on the old velocity, not on the gradient that just came.", SLIP, velocity="scaled whole"),
    _rule("momentum-subtracted", SGD, "momentum", "Gradient subtracted, then subtracted again", "You climb: the gradient enters the velocity with a minus, and the step subtracts the velocity. One of the two signs is enough.", SUTSKEVER + " put the minus into v and add it", velocity="subtracted"),
    _rule("momentum-braked", SGD, "momentum", "Velocity against itself", "Your old velocity pushes backwards: gradients of one sign cancel instead of adding up.", SLIP, velocity="braked"),
    _rule("momentum-squared", SGD, "momentum", "Momentum applied twice", "The old velocity fades as μ² per step. Somewhere it is multiplied once too often.", SLIP, velocity="squared coefficient"),
    _rule("momentum-one-minus", SGD, "momentum", "1 − μ in place of μ", "With μ = 0.9 only a tenth of your velocity survives a step. The coefficient says how much is kept.", "dampening and momentum confused", velocity="one minus"),
    _rule("momentum-added", SGD, "momentum", "Gradient counted twice", "The first step with momentum is already twice as long: you step along the velocity and along the gradient, which is in it.", "Nesterov half remembered", velocity="added to the gradient"),
    _rule("momentum-last-gradient", SGD, "momentum", "A memory of one step", "You remember the gradient of the step before, not the velocity: what happened two steps ago is lost.", "momentum as 'previous gradient'", velocity="of the gradient before"),
    _rule("momentum-corrected", SGD, "momentum", "Adam's first moment in place of velocity", "You average and correct for the start, as Adam does. Heavy ball simply adds: no 1 − μ, no correction.", "Adam taught beside it", velocity="averaged, corrected"),
    _rule("momentum-dampened", SGD, "momentum", "Dampening from the second step", "Your first step is right, then new gradients count only (1 − μ). They should count whole, always.", "torch's dampening", velocity="damped from the second"),
    _rule("momentum-fixed", SGD, "momentum", "Momentum always 0.9", "Whatever momentum is asked for, yours acts like 0.9. Is the argument used?", "constants of the module", cost=0.7, hyper="momentum fixed"),
    _rule("momentum-default", SGD, "interface", "Momentum by default", "SGD without arguments has no momentum: its default is 0.", "DEFAULT_MOMENTUM = 0.9 in the module", cost=0.2, hyper="momentum default"),
)  # fmt: skip

L2 = (
    _rule("l2-missing", SGD, "weight_decay", "Weight decay ignored", "With and without weight_decay your steps are the same. The term has to reach the gradient.", SLIP, cost=0.5, l2="missing"),
    _rule("l2-negative", SGD, "weight_decay", "Weights grow", "Your weight decay pushes parameters away from zero. Which sign brings a positive weight down?", SLIP, l2="negative"),
    _rule("l2-doubled", SGD, "weight_decay", "Weight decay twice as strong", "You take the derivative of λθ², which is 2λθ. Here λ already is the factor of θ in the gradient.", "λ‖θ‖² against λ/2 ‖θ‖²", l2="doubled"),
    _rule("l2-halved", SGD, "weight_decay", "Weight decay half as strong", "You kept the ½ of ½λθ²; the derivative cancels it.", "λ/2 ‖θ‖²", l2="halved"),
    _rule("l2-is-l1", SGD, "weight_decay", "L1 in place of L2", "Your decay takes the same from every weight, large or small. L2 takes in proportion to the weight.", "L1 and L2 confused", l2="L1"),
    _rule("l2-squared", SGD, "weight_decay", "The penalty itself, not its derivative", "You add λθ² to the gradient: that is the penalty. The gradient needs its derivative.", "loss and gradient confused", l2="squared"),
    _rule("l2-times-lr", SGD, "weight_decay", "Learning rate twice in the decay", "Your decay is multiplied by lr before it enters the gradient, and again in the step.", "AdamW's lr·λ", l2="times lr"),
    _rule("l2-constant", SGD, "weight_decay", "A constant in place of decay", "You add λ itself, whatever the weight: all parameters drift down, even negative ones.", SLIP, l2="constant"),
    _rule("l2-on-start", SGD, "weight_decay", "Decay of the starting point", "Your decay always uses the parameters of the beginning. Take them as they are now.", "a copy kept from construction", l2="on the start"),
    _rule("l2-on-gradient", SGD, "weight_decay", "Decay of the gradient", "Your decay scales the gradient and never looks at the weights: without a gradient nothing decays.", SLIP, l2="scales the gradient"),
    _rule("l2-after-velocity", SGD, "weight_decay", "Decay after the velocity", "Your decay acts on this step only. As part of the gradient it goes into the velocity and is remembered.", SLIP, cost=0.5, l2="after the velocity"),
    _rule("l2-decoupled", SGD, "weight_decay", "Decoupled decay in SGD", "You shrink the parameters after the step, as AdamW does. SGD here adds λθ to the gradient, so that momentum carries it too.", LOSHCHILOV, l2="decoupled"),
    _rule("l2-decoupled-no-lr", SGD, "weight_decay", "Decay without learning rate", "You shrink the parameters by λ at every step, however small lr is. Here decay belongs to the gradient.", LOSHCHILOV, l2="decoupled without lr"),
    _rule("l2-both", SGD, "weight_decay", "Decay applied twice", "Your weights shrink once through the gradient and once directly. One is enough.", SLIP, l2="both"),
    _rule("l2-without-momentum", SGD, "weight_decay", "Decay only without momentum", "Your decay works for plain SGD and vanishes with momentum: the velocity takes in the gradient from before decay.", "raw gradient put into the velocity", cost=0.5, l2="without momentum only"),
    _rule("l2-instead", SGD, "weight_decay", "Decay in place of the gradient", "With weight decay your step ignores the gradient. It should be added to it.", "= written for +=", l2="instead of the gradient"),
    _rule("l2-mutates", SGD, "interface", "The gradient is changed in place", "Your step leaves its decay inside the gradient itself: whoever uses that gradient again gets it twice. Make a new array.", "`+=` on an array changes the caller's array", cost=0.3, l2="mutates the gradient"),
)  # fmt: skip

ABSENT = tuple(
    m
    for groups, prefix in ((SGD, "sgd"), (ADAM, "adam"), (ADAMW, "adamw"))
    for m in (
        _rule(f"{prefix}-none-coasts", groups, "interface", "No gradient taken as a zero gradient", "A parameter without a gradient still moves: you treat None as zero, and old velocity or decay carries on. It must be left alone.", "`grad or 0`", cost=0.3, absent="coast"),
        _rule(f"{prefix}-none-stops", groups, "interface", "The first missing gradient ends the step", "When one parameter has no gradient, all later ones stand still. Leave out that one and go on.", "`return` or `break` where `continue` is meant", cost=0.3, absent="stop at the first"),
    )
)  # fmt: skip

MOMENTS = (
    _rule("first-sum", BOTH, "adam_moments", "First moment as a sum", "Your m adds up gradients as a velocity does. An average gives the new gradient the weight 1 − β₁.", "SGD's velocity carried over", cost=0.5, first="sum"),
    _rule("first-weights-exchanged", BOTH, "adam_moments", "Weights of the first moment exchanged", "With β₁ = 0.9 your m is nearly all new gradient. β₁ is how much of the old is kept.", SLIP, cost=0.5, first="weights exchanged"),
    _rule("first-beta2", BOTH, "adam_moments", "β₂ in the first moment", "Your m has the long memory meant for v.", SLIP, cost=0.5, first="beta2"),
    _rule("first-not-kept", BOTH, "adam_moments", "First moment forgotten", "Your m knows only the newest gradient: what it held before is gone at each step.", "buffer made anew, or a local name", cost=0.5, first="not kept"),
    _rule("first-raw", BOTH, "adam_moments", "The gradient itself in place of m", "Your direction is the newest gradient, undiluted: RMSprop with a correction. Adam averages it first.", "RMSprop", cost=0.5, first="the gradient"),
    _rule("first-undamped", BOTH, "adam_moments", "First moment never fades", "Your m keeps all it ever took in. An average lets go of a part, β₁ says how much stays.", SLIP, cost=0.5, first="undamped"),
    _rule("first-abs", BOTH, "adam_moments", "First moment of |g|", "Your m has lost the sign: every step goes the same way, downhill or not.", SLIP, cost=0.5, first="of |g|"),
    _rule("first-squared", BOTH, "adam_moments", "First moment of g²", "Your m averages squares, which is v's task. It should remember the direction.", "the two lines mixed up", cost=0.5, first="of g squared"),
    _rule("first-scaled-whole", BOTH, "adam_moments", "β₁ on the new gradient too", "The new gradient enters your m with β₁(1 − β₁). Friction belongs to the old value only.", SLIP, cost=0.5, first="scaled whole"),
    _rule("second-sum", BOTH, "adam_moments", "Second moment as a sum", "Your v adds whole squares and grows far too large. An average gives the new square the weight 1 − β₂.", SLIP, cost=0.5, second="sum of squares"),
    _rule("second-weights-exchanged", BOTH, "adam_moments", "Weights of the second moment exchanged", "With β₂ = 0.999 your v is nearly all the newest square. β₂ is how much of the old is kept.", SLIP, cost=0.5, second="weights exchanged"),
    _rule("second-abs", BOTH, "adam_moments", "Second moment of |g|", "Your v averages the size of g, then you take a root of it: units of √g. Squares under a root give back units of g.", SLIP, cost=0.5, second="of |g|"),
    _rule("second-of-g", BOTH, "adam_moments", "Second moment without a square", "Your v averages g itself: it can be negative, and its root is then not a number.", SLIP, cost=0.5, second="of g"),
    _rule("second-centred", BOTH, "adam_moments", "Variance in place of second moment", "You subtract m before squaring. That is a variance (AdaBelief uses it); Adam squares the gradient itself.", "AdaBelief, or 'variance' in the notes", cost=0.5, second="centred"),
    _rule("second-from-m", BOTH, "adam_moments", "Second moment of m", "Your v squares the averaged gradient. Signs that cancel in m should still count in v.", SLIP, cost=0.5, second="from m"),
    _rule("second-beta1", BOTH, "adam_moments", "β₁ in the second moment", "Your v has the short memory meant for m.", SLIP, cost=0.5, second="beta1"),
    _rule("second-not-kept", BOTH, "adam_moments", "Second moment forgotten", "Your v knows only the newest square: what it held before is gone at each step.", "buffer made anew, or a local name", cost=0.5, second="not kept"),
    _rule("second-raw", BOTH, "adam_moments", "The square itself in place of v", "You divide by the newest gradient's own size, not by an average over time.", SLIP, cost=0.5, second="the square"),
    _rule("second-accumulated", BOTH, "adam_moments", "Squares gathered for ever", "Your v only grows, so steps shrink for ever: that is AdaGrad. Adam forgets old squares.", "AdaGrad", cost=0.5, second="accumulated"),
    _rule("second-undamped", BOTH, "adam_moments", "Second moment never fades", "Your v keeps all it ever took in. An average lets go of a part, β₂ says how much stays.", SLIP, cost=0.5, second="undamped"),
    _rule("second-squared-weight", BOTH, "adam_moments", "Weight inside the square", "You square (1 − β₂) together with g, so new squares hardly count.", "brackets", cost=0.5, second="squared average"),
    _rule("second-largest", BOTH, "adam_moments", "Largest gradient in place of average", "Your v keeps the largest square, as AdaMax does with |g|. Adam averages.", "AdaMax, same paper", cost=0.5, second="largest"),
    _rule("second-per-parameter", BOTH, "adam_moments", "One second moment for a whole parameter", "All numbers of a tensor share your v. Adam's point is a step of its own for each of them.", "np.mean in the wrong place", cost=0.5, second="per parameter"),
    _rule("second-norm", BOTH, "adam_moments", "The gradient's norm as second moment", "You divide by the length of the whole gradient. Adam's point is a step of its own for each number.", "np.sum or norm", cost=0.5, second="norm"),
    _rule("betas-exchanged", BOTH, "adam_moments", "β₁ and β₂ exchanged", "Your m remembers for long and your v for short: it is the other way round.", "order of the tuple", hyper="betas exchanged"),
    _rule("betas-fixed", BOTH, "interface", "Betas always (0.9, 0.999)", "Whatever betas are asked for, yours act like the defaults. Is the argument used?", "constants of the module", cost=0.3, hyper="betas fixed"),
)  # fmt: skip

CORRECTION = (
    _rule("correction-missing", BOTH, "bias_correction", "No bias correction", "Both averages start at zero, and you use them as they are. At the first step m is 1 − β₁ of the gradient and √v is √(1 − β₂) of it, so your step is 3 times too long with the usual betas.", NOTES + " say 10 × too small; it is 3.16 × too large", c1="none", c2="none"),
    _rule("correction-m-missing", BOTH, "bias_correction", "First moment not corrected", "Your first steps are 1 − β₁ as long as they should be, a tenth with β₁ = 0.9: m starts at zero and needs time.", SLIP, cost=0.6, c1="none"),
    _rule("correction-v-missing", BOTH, "bias_correction", "Second moment not corrected", "Your first steps are 30 times too long with β₂ = 0.999: v starts at zero, and you divide by its root.", SLIP, cost=0.6, c2="none"),
    _rule("correction-exchanged", BOTH, "bias_correction", "Corrections exchanged", "You correct m with β₂ and v with β₁. Each average forgets its start at its own rate.", SLIP, c1="other beta", c2="other beta"),
    _rule("correction-m-beta2", BOTH, "bias_correction", "First moment corrected with β₂", "m forgets its start at the rate β₁; you correct it as if at β₂.", SLIP, cost=0.6, c1="other beta"),
    _rule("correction-v-beta1", BOTH, "bias_correction", "Second moment corrected with β₁", "v forgets its start at the rate β₂; you correct it as if at β₁.", SLIP, cost=0.6, c2="other beta"),
    _rule("correction-no-power", BOTH, "bias_correction", "The same correction at every step", "You divide by 1 − β at every step. The bias fades with time: at step t it is 1 − βᵗ. Does your t go up?", "the power forgotten, or step_count never raised", c1="no power", c2="no power"),
    _rule("correction-m-no-power", BOTH, "bias_correction", "First moment: same correction at every step", "The bias of m fades with time; you divide by 1 − β₁ for ever.", SLIP, cost=0.6, c1="no power"),
    _rule("correction-v-no-power", BOTH, "bias_correction", "Second moment: same correction at every step", "The bias of v fades with time; you divide by 1 − β₂ for ever.", SLIP, cost=0.6, c2="no power"),
    _rule("correction-first-only", BOTH, "bias_correction", "Correction at the first step only", "Your first step is right, then the correction is gone. It fades step by step.", "`if step == 1`", c1="first step only", c2="first step only"),
    _rule("correction-times-t", BOTH, "bias_correction", "β times t in place of β to the t", "You multiply β by t; after a few steps 1 − βt is negative.", "* for **", c1="times t", c2="times t"),
    _rule("correction-multiplied", BOTH, "bias_correction", "Multiplied by the correction", "You make the small start smaller still. Which operation makes up for a factor 1 − βᵗ?", SLIP, c1="multiplied", c2="multiplied"),
    _rule("correction-beta-t", BOTH, "bias_correction", "Divided by βᵗ", "You divide by βᵗ, which goes to zero, so your averages blow up. What is missing from them is 1 − βᵗ.", SLIP, c1="beta^t", c2="beta^t"),
    _rule("correction-plus", BOTH, "bias_correction", "1 + βᵗ", "Your correction makes early averages smaller. The start at zero already made them too small.", "sign", c1="plus", c2="plus"),
    _rule("correction-stored", BOTH, "bias_correction", "Corrected moments stored back", "You keep the corrected m̂ and v̂ as the averages themselves, so each step corrects what was corrected before.", "one name for m and m̂", c1="stored back", c2="stored back"),
    _rule("correction-m-stored", BOTH, "bias_correction", "Corrected first moment stored back", "You keep m̂ as m, so each step corrects what was corrected before.", "one name for m and m̂", cost=0.6, c1="stored back"),
    _rule("correction-v-stored", BOTH, "bias_correction", "Corrected second moment stored back", "You keep v̂ as v, so each step corrects what was corrected before.", "one name for v and v̂", cost=0.6, c2="stored back"),
    _rule("correction-m-squared", BOTH, "bias_correction", "First moment corrected twice", "You divide m by its correction twice.", SLIP, cost=0.6, c1="squared"),
    _rule("correction-v-rooted", BOTH, "bias_correction", "Root of the correction on v", "You take the root of v's correction, and the root of v̂ again: one root too many.", "the folded form, half remembered", cost=0.6, c2="rooted"),
    _rule("count-from-zero", BOTH, "bias_correction", "t starts at 0", "At your first step t is 0, so 1 − β⁰ = 0 and you divide by zero. Count the step before you use t.", "step_count raised at the end", cost=3.0, count="from zero"),
    _rule("count-from-two", BOTH, "bias_correction", "t starts at 2", "Your first step is corrected as if it were the second. Is t raised twice, or once too early?", SLIP, count="from two"),
    _rule("count-twice", BOTH, "bias_correction", "t counted twice", "Your t goes 2, 4, 6. It should go up by one for each step().", "raised in the base class too", count="twice"),
    _rule("count-parameters", BOTH, "bias_correction", "t counts parameters", "Your t goes up once for every parameter, so the second parameter of the first step already has t = 2.", "raised inside the loop", count="parameters"),
)  # fmt: skip

ADAPTIVE = (
    _rule("eps-inside", BOTH, "adaptive_step", "ε inside the root", "Your ε is added before the root, where √ε is what counts: 10⁻⁸ becomes 10⁻⁴.", "some variants do", denominator="eps inside"),
    _rule("eps-missing", BOTH, "adaptive_step", "No ε", "Where the gradient is zero you divide 0 by 0.", SLIP, cost=0.5, denominator="no eps"),
    _rule("eps-before-correction", BOTH, "adaptive_step", "ε before the correction", "Your ε is added to the uncorrected root and so grows with the correction: the ε̂ of the folded form.", KINGMA + ", just before section 2.1", cost=0.5, denominator="eps before correction"),
    _rule("eps-into-v", BOTH, "adaptive_step", "ε added to v", "Your ε goes into v before correction and root; it belongs beside the root.", SLIP, denominator="eps added to v first"),
    _rule("eps-floor", BOTH, "adaptive_step", "ε as a floor", "You take the larger of √v̂ and ε. Adding is what is asked; they differ when both are of a size.", "np.maximum", cost=0.5, denominator="larger of the two"),
    _rule("eps-subtracted", BOTH, "adaptive_step", "ε subtracted", "With √v̂ = ε you divide by zero. ε is there to keep away from it.", "sign", denominator="eps subtracted"),
    _rule("eps-squared-inside", BOTH, "adaptive_step", "ε² inside the root", "√(v̂ + ε²) is nearly √v̂ + ε when one is much larger, and not when they are of a size.", "hypot", cost=0.5, denominator="eps squared inside"),
    _rule("eps-twice", BOTH, "adaptive_step", "ε twice", "ε is inside your root and beside it.", SLIP, denominator="eps twice"),
    _rule("eps-fixed", BOTH, "interface", "ε always 10⁻⁸", "Whatever eps is asked for, yours acts like 10⁻⁸. Is the argument used?", "constants of the module", cost=0.2, hyper="eps fixed"),
    _rule("root-missing", BOTH, "adaptive_step", "No root", "You divide by v̂ itself, so a gradient ten times larger makes a step ten times smaller. With the root it makes the same step.", SLIP, denominator="no root"),
    _rule("root-twice", BOTH, "adaptive_step", "Root of a root", "Twice the gradient makes your step √2 times as long. The size of the gradient should cancel.", SLIP, denominator="fourth root"),
    _rule("root-squared", BOTH, "adaptive_step", "v squared", "You square v̂ where its root is meant.", "**2 for **0.5", denominator="squared"),
    _rule("division-missing", BOTH, "adaptive_step", "No division", "Your v has no effect: that is momentum with a correction. Dividing by √v̂ makes the step adaptive.", SLIP, denominator="no division"),
    _rule("division-multiplies", BOTH, "adaptive_step", "Multiplied by the root", "You make large gradients larger. Which operation makes their size cancel?", SLIP, denominator="multiplies"),
    _rule("denominator-plus-one", BOTH, "adaptive_step", "1 + √v̂", "You keep away from zero with 1, which swamps small gradients. ε is meant to be tiny.", "log1p habits", denominator="plus one"),
    _rule("amsgrad", BOTH, "adaptive_step", "AMSGrad", "You divide by the largest v̂ so far. That is AMSGrad; Adam lets v̂ fall again.", "Reddi et al. 2018; torch's amsgrad=True", denominator="largest so far"),
    _rule("direction-raw", BOTH, "adaptive_step", "Raw gradient as direction", "Your step goes along the newest gradient and not along m̂: RMSprop. Adam's direction is the average.", "RMSprop", direction="raw gradient"),
    _rule("direction-sign", BOTH, "adaptive_step", "Only the sign of m", "Your direction is only the sign of m̂; its size matters too.", "Lion", direction="sign of m"),
    _rule("direction-sign-gradient", BOTH, "adaptive_step", "Only the sign of the gradient", "Your direction is only the sign of the newest gradient.", "signSGD", direction="sign of g"),
    _rule("direction-nadam", BOTH, "adaptive_step", "Nesterov's look-ahead in Adam", "You mix the newest gradient into m̂ once more. That is NAdam.", "Dozat 2016", direction="look-ahead"),
    _rule("adam-ascent", BOTH, "adaptive_step", "Adam climbs", "Your Adam goes uphill. The average of gradients points up, too.", SLIP, step="ascend"),
    _rule("adam-no-lr", BOTH, "adaptive_step", "Adam without learning rate", "Your first step is 1, whatever lr. The learning rate is the length of Adam's step.", SLIP, step="without lr"),
    _rule("adam-lr-squared", BOTH, "adaptive_step", "Learning rate twice in Adam", "Halving lr makes your step four times smaller.", SLIP, step="lr squared"),
    _rule("adam-lr-over-root-t", BOTH, "adaptive_step", "A schedule hidden in Adam", "Your steps shrink as 1/√t. The proof uses that; the algorithm does not.", KINGMA + ", section 4", step="lr over root t"),
    _rule("adam-replaces", BOTH, "adaptive_step", "The parameter is replaced by the step", "After a step your parameter no longer remembers where it was.", "= written for -=", step="replaces"),
    _rule("adam-clips", BOTH, "adaptive_step", "Gradient clipped in Adam", "Gradients are cut at ±1 before your moments see them. Clipping is the caller's choice.", "training loops often clip", sees="clipped to ±1"),
    _rule("adam-normalises", BOTH, "adaptive_step", "Gradient normalised in Adam", "You divide the gradient by its norm before the moments. The division by √v̂ is all the scaling Adam needs.", "normalised gradient descent", sees="normalised"),
    _rule("adam-lr-frozen", BOTH, "adaptive_step", "Learning rate of the first day in Adam", "You keep using the learning rate from construction. A scheduler changes `optimizer.lr`; read it at every step.", "lr copied in the constructor", cost=0.3, hyper="lr frozen"),
)  # fmt: skip

ADAM_DECAY = (
    _rule("adam-decay-missing", ADAM, "weight_decay", "Adam ignores weight decay", "With and without weight_decay your Adam steps are the same.", SLIP, decay="missing"),
    _rule("adam-decay-negative", ADAM, "weight_decay", "Adam's weights grow", "Your weight decay pushes parameters away from zero.", SLIP, decay="negative"),
    _rule("adam-decay-doubled", ADAM, "weight_decay", "Adam's decay twice as strong", "You take the derivative of λθ², which is 2λθ. Here λ already is the factor of θ in the gradient.", "λ‖θ‖² against λ/2 ‖θ‖²", decay="doubled"),
    _rule("adam-decay-l1", ADAM, "weight_decay", "L1 in Adam", "Your decay takes the same from every weight. L2 takes in proportion to the weight.", "L1 and L2 confused", decay="L1"),
    _rule("adam-decay-times-lr", ADAM, "weight_decay", "Learning rate in Adam's decay", "Your decay is multiplied by lr before it enters the gradient.", "AdamW's lr·λ", decay="times lr"),
    _rule("adam-decay-decoupled", ADAM, "weight_decay", "AdamW in Adam's place", "Your Adam decays the parameters directly. That is AdamW; Adam adds λθ to the gradient, for better or worse.", LOSHCHILOV, decay="after"),
    _rule("adam-decay-decoupled-first", ADAM, "weight_decay", "Decay beside the moments", "Your decay does not pass through m and v. In Adam it is part of the gradient; beside them it is AdamW.", LOSHCHILOV, decay="after the moments"),
    _rule("adam-decay-without-lr", ADAM, "weight_decay", "Direct decay without lr in Adam", "You shrink the parameters by λ at every step. In Adam decay is part of the gradient.", LOSHCHILOV, decay="without lr"),
    _rule("adam-decay-only-m", ADAM, "weight_decay", "Decay in m only", "Your decay enters m but not v. It is part of the gradient, and both see the gradient.", "decay added between the two lines", cost=0.6, decay="only in m"),
    _rule("adam-decay-only-v", ADAM, "weight_decay", "Decay in v only", "Your decay enters v but not m, so it slows the steps and shrinks nothing.", "decay added between the two lines", cost=0.6, decay="only in v"),
    _rule("adam-decay-both", ADAM, "weight_decay", "Adam decays twice", "Your weights shrink through the gradient and directly.", SLIP, decay="coupled and decoupled"),
    _rule("adam-decay-mutates", ADAM, "interface", "Adam changes the gradient in place", "Your step leaves its decay inside the gradient itself. Make a new array.", "`+=` on an array changes the caller's array", cost=0.3, decay="mutates the gradient"),
)  # fmt: skip

ADAMW_DECAY = (
    _rule("adamw-coupled", ADAMW, "adamw", "L2 in AdamW", "Your AdamW adds λθ to the gradient, so it is Adam again: where gradients are large, √v̂ divides the decay away.", "AdamW written by copying Adam", decay="in the gradient"),
    _rule("adamw-both", ADAMW, "adamw", "Coupled and decoupled", "Your decay acts twice, through the gradient and directly. Only the direct one belongs here.", "AdamW written on top of Adam", decay="coupled and decoupled"),
    _rule("adamw-missing", ADAMW, "adamw", "AdamW without decay", "Your AdamW is Adam without weight decay: with and without it the steps are the same.", SLIP, decay="missing"),
    _rule("adamw-without-lr", ADAMW, "adamw", "Decay without learning rate", "You shrink the parameters by λ at every step, however small lr is. Decay should scale with the step.", LOSHCHILOV + " write η·λ", decay="without lr"),
    _rule("adamw-lr-squared", ADAMW, "adamw", "Learning rate twice in the decay", "Halving lr makes your decay four times weaker.", SLIP, decay="lr squared"),
    _rule("adamw-grows", ADAMW, "adamw", "Weights grow", "Your decay makes parameters larger. With a zero gradient they should shrink a little.", "sign", decay="grows"),
    _rule("adamw-over-root", ADAMW, "adamw", "Decay divided by √v̂", "Your decay is divided by √v̂ like the gradient. Decoupled means that no gradient, past or present, touches it.", "half decoupled", decay="over the root"),
    _rule("adamw-on-update", ADAMW, "adamw", "Decay of the update", "You shrink the step, not the parameters: with a zero gradient nothing decays.", SLIP, decay="on the update"),
    _rule("adamw-on-m", ADAMW, "adamw", "Decay of the direction", "You scale the direction by 1 − λ; the parameters themselves never shrink.", SLIP, decay="on m"),
    _rule("adamw-constant", ADAMW, "adamw", "A constant taken away", "You subtract lr·λ from every parameter, whatever its value: negative ones grow.", SLIP, decay="minus a constant"),
    _rule("adamw-sign", ADAMW, "adamw", "L1 in AdamW", "Your decay takes the same from every weight. It should take in proportion to the weight.", "L1 and L2 confused", decay="sign"),
    _rule("adamw-twice", ADAMW, "adamw", "Decay applied twice", "Your parameters shrink by the factor twice in every step.", SLIP, decay="twice"),
    _rule("adamw-of-start", ADAMW, "adamw", "Decay of the starting point", "Your decay always uses the parameters of the beginning.", "a copy kept from construction", decay="of the start"),
    _rule("adamw-keeps-only", ADAMW, "adamw", "Only lr·λ is kept", "You multiply the parameters by lr·λ: nearly all is gone after one step. How much should be left?", "1 − forgotten", decay="keeps only"),
    _rule("adamw-first-step", ADAMW, "adamw", "Decay at the first step only", "Your parameters decay once and never again.", SLIP, decay="first step only"),
    _rule("adamw-by-t", ADAMW, "adamw", "Decay grows with t", "Your decay is multiplied by the step's number.", SLIP, decay="by t"),
    _rule("adamw-divides", ADAMW, "adamw", "Divided by the factor", "You divide by 1 − lr·λ, which makes parameters larger.", SLIP, decay="divides"),
    _rule("adamw-half", ADAMW, "adamw", "Half the decay", "Your parameters shrink by half of lr·λ.", "λ/2 ‖θ‖²", decay="half"),
    _rule("adamw-only-m", ADAMW, "adamw", "Decay inside m", "λθ goes into m but not into v: still coupled, remembered and divided by √v̂.", "half decoupled", decay="only in m"),
    _rule("adamw-only-v", ADAMW, "adamw", "Decay inside v", "λθ goes into v: it slows the steps and shrinks nothing.", "half decoupled", decay="only in v"),
    _rule("adamw-frozen-lr", ADAMW, "adamw", "Decay with the first learning rate", "Your decay keeps using the learning rate from construction.", "factor computed in the constructor", cost=0.4, decay="frozen lr"),
    _rule("adamw-decay-fixed", ADAMW, "adamw", "Decay always 0.01", "Whatever weight_decay is asked for, yours acts like 0.01.", "constants of the module", cost=0.6, decay="fixed"),
    _rule("adamw-default-zero", ADAMW, "adamw", "AdamW's default decay is zero", "AdamW without arguments should decay: its default weight_decay is 0.01.", "Adam's default copied", cost=0.2, hyper="decay default zero"),
    _rule("adamw-none-decays", ADAMW, "interface", "Decay without a gradient", "A parameter without a gradient still shrinks. Skip it whole.", "decay outside the `if`", cost=0.3, absent="decays"),
)  # fmt: skip

LEARNING_RATES = tuple(
    m
    for groups, prefix, right in ((SGD, "sgd", "0.01"), (ADAM, "adam", "0.001"), (ADAMW, "adamw", "0.001"))
    for m in (
        _rule(f"{prefix}-lr-default-large", groups, "interface", "Default learning rate ten times too large", f"Without arguments lr should be {right}.", "the other optimizer's default", cost=0.2, hyper="lr default tenfold"),
        _rule(f"{prefix}-lr-default-small", groups, "interface", "Default learning rate ten times too small", f"Without arguments lr should be {right}.", "the other optimizer's default", cost=0.2, hyper="lr default a tenth"),
    )
)  # fmt: skip
DEFAULTS = (
    *LEARNING_RATES,
    _rule("adam-decay-default", ADAM, "interface", "Adam decays by default", "Adam without arguments has no weight decay; AdamW has.", "AdamW's default copied", cost=0.2, hyper="decay default 0.01"),
    _rule("sgd-decay-default", SGD, "interface", "SGD decays by default", "SGD without arguments has no weight decay; AdamW has.", "AdamW's default copied", cost=0.2, hyper="decay default 0.01"),
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
    _seen("state-eager", "state", "Buffers made in the constructor", "You allocate buffers before the first step. Made at the first step, they cost nothing until they are needed.", "zeros_like in __init__",
          {"state-size:Adam before": 2, "state-size:AdamW before": 2, "state-size:SGD with momentum before": 1}, 0.3),
)  # fmt: skip
BY_CLASS = tuple(
    _seen(f"{c.lower()}-shared", "state", f"State shared between two {c} optimizers", "Two optimizers of yours share their state. A mutable default argument or an attribute of the class belongs to all of them.", "class attributes; mutable defaults",
          {f"{c.lower()}-interleaved:trajectory": "failed", f"{c.lower()}-interleaved:alone": "failed"}, 0.5)
    for c in CLASSES
)  # fmt: skip
WIDENED = tuple(
    _seen(f"{c.lower()}-float64", "interface", f"{c} turns float32 into float64", "Your parameters become float64, twice the memory: an np.float64 scalar does that since NumPy 2. A Python float does not.", "np.sqrt of a number gives np.float64",
          {f"{c.lower()}-float32:dtype": "float64"}, 0.1)
    for c in CLASSES
)  # fmt: skip

COMMON = frozenset({
    "sgd-ascent", "sgd-no-lr", "sgd-lr-frozen", "momentum-averaged", "momentum-lr-inside", "momentum-nesterov", "momentum-ignored",
    "momentum-stale", "momentum-fixed", "l2-missing", "l2-negative", "l2-doubled", "l2-after-velocity", "l2-decoupled", "l2-mutates",
    "sgd-none-coasts", "first-sum", "first-beta2", "second-abs", "second-sum", "second-beta1", "second-accumulated",
    "betas-exchanged", "betas-fixed", "correction-missing", "correction-m-missing", "correction-v-missing", "correction-no-power",
    "correction-exchanged", "correction-stored", "count-from-zero", "count-from-two", "count-parameters", "eps-inside", "eps-missing",
    "root-missing", "direction-raw", "adam-ascent", "adam-none-coasts", "adam-decay-missing", "adam-decay-decoupled",
    "adam-decay-mutates", "adamw-coupled", "adamw-both", "adamw-missing", "adamw-without-lr", "adamw-grows", "adamw-none-decays",
    "adamw-none-coasts",
})  # fmt: skip
_ALL = (
    *PLAIN_STEP, *MOMENTUM, *L2, *ABSENT, *MOMENTS, *CORRECTION, *ADAPTIVE, *ADAM_DECAY, *ADAMW_DECAY, *DEFAULTS, *NOT_RULES, *BY_CLASS, *WIDENED,
)  # fmt: skip
STEP_COUNTS = ("adam-float32:step_count", "adamw-float32:step_count")
MOMENTUM_STATE = ("momentum-state:copies", "momentum-state:resumed")
IMPLIES = {
    "amsgrad": ("state-size:Adam after", "state-size:AdamW after"),  # it keeps the largest v̂ as a third buffer
    "l2-on-start": tuple(f"state-size:{label} {when}" for label in ("plain SGD", "SGD with momentum") for when in ("before", "after")),
    "adamw-of-start": ("state-size:AdamW before", "state-size:AdamW after"),
    # mostly it is step_count itself that is miscounted
    "count-from-two": STEP_COUNTS, "count-twice": STEP_COUNTS, "count-parameters": STEP_COUNTS,
    # a resumed optimizer counts its steps from the start, which no rule of the family does
    "sgd-lr-over-t": MOMENTUM_STATE, "sgd-lr-over-root-t": MOMENTUM_STATE, "momentum-corrected": MOMENTUM_STATE,
    "momentum-dampened": MOMENTUM_STATE,
}  # fmt: skip
MISCONCEPTIONS: tuple[Misconception, ...] = tuple(
    replace(m, common=m.id in COMMON, implies=IMPLIES.get(m.id, ())) for m in _ALL
)
