"""The wrong beliefs that this assignment knows by name: which switches of family.py are turned, or which facts are left.

A hint makes its reader see the idea and never gives the line of code; the reason says where the belief comes from.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.model import Fact, Misconception

from .golden import AFTER_THE_END, BY_HAND

SLIP = "a slip that compiles and still learns"
NOTES = "course notes: `scheduler.step()  # reduce the learning rate every 10 epochs`"


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
    implies: tuple[str, ...] = (),
    **changes: str,
) -> Misconception:
    return Misconception(
        name, title, criterion, hint, reason, groups, changes=changes, cost=cost, common=common, implies=implies
    )


def _seen(
    name: str, criterion: str, title: str, hint: str, reason: str, facts: Mapping[str, Fact], cost: float = 1.0
) -> Misconception:
    return Misconception(name, title, criterion, hint, reason, facts=facts, cost=cost)


S = ("StepLR", "StepLR" + BY_HAND)
E = ("ExponentialLR", "ExponentialLR" + BY_HAND)
W = ("WarmupCosine",)
END = (AFTER_THE_END,)
BOTH = (*W, *END)
ROW = "step_decay"
STAIRCASE = (
    _rule(S, "step-ahead", ROW, "A stair too early", "Your rate drops one call before its stair is over: with step_size = 3 the base rate holds for t = 0, 1 and 2. Is t counted one too high where you divide?", "epochs counted from 1", stairs="ahead", common=True),
    _rule(S, "step-behind", ROW, "A stair too late", "Your rate drops one call after its stair is over. The call of step() that you are in counts already.", "counted after the rate was set", stairs="behind", common=True),
    _rule(S, "step-fraction", ROW, "A slope in place of stairs", "Your rate sinks a little at every call. Stairs come from rounding t / step_size down to a whole number.", "/ for //", stairs="fraction", common=True),
    _rule(S, "step-remainder", ROW, "Remainder in place of quotient", "Your rate falls, jumps back up and falls again: you use how far into the stair you are, not how many stairs are done.", "% for //", stairs="remainder"),
    _rule(S, "step-every-call", ROW, "γ applied at every call", "Your rate falls at every call, and step_size has no effect. γ acts once in step_size calls.", NOTES, stairs="every call", common=True),
    _rule(S, "step-longer", ROW, "Stairs one call too long", "Your stairs last step_size + 1 calls. The first drop may only look one call late; the second is two late.", "> for >=", stairs="longer"),
    _rule(S, "step-up", ROW, "Rounded up", "Your rate drops at the very first call: you round the number of stairs up. A stair counts when it is done.", "math.ceil", stairs="up"),
    _rule(S, "step-once", ROW, "Only one stair", "Your rate drops once and never again. After 2 · step_size calls γ has acted twice.", "`if epoch >= step_size`", stairs="once"),
    _rule(S, "step-at-multiples", ROW, "The drop does not last", "Your rate drops for one call and is back at the next. A stair keeps what the stairs before it took.", "`if t % step_size == 0` with the base rate", stairs="at multiples only"),
    _rule(S, "step-between", ROW, "Drops except where it should", "Your rate falls at every call but the ones where a stair ends: the test is the wrong way round.", "!= for ==", stairs="between multiples"),
    _rule(S, "step-times", ROW, "γ times the number of stairs", "You multiply γ by the number of stairs; before the first stair is done that is zero. Each stair multiplies by γ once more.", "* for **", factor="times", common=True),
    _rule(S, "step-subtracted", ROW, "γ subtracted", "You take γ away for every stair; the rate soon is negative. γ is a factor: each stair leaves that part of the rate.", SLIP, factor="subtracted"),
    _rule(S, "step-added", ROW, "γ added", "You add γ for every stair, and the rate climbs. γ is a factor: each stair leaves that part of the rate.", SLIP, factor="added"),
    _rule(S, "step-divided", ROW, "Divided by γ", "Your rate climbs with every stair: dividing by a number below 1 makes larger.", SLIP, factor="divided"),
    _rule(S, "step-one-minus", ROW, "1 − γ is kept", "With γ = 0.7 you keep 30 % per stair. γ says how much is kept, not how much is lost.", "decay rate and factor confused", factor="one minus", common=True),
    _rule(S, "step-without-base", ROW, "Base rate forgotten", "Your rate starts at 1, whatever the optimizer's rate was. The stairs lead down from its base rate.", SLIP, factor="without base"),
    _rule(S, "step-over-time", ROW, "Inverse time in place of powers", "You divide by 1 + γ times the stairs: the drops get smaller and smaller. Each stair should multiply by the same γ.", "1/t schedules of convergence proofs", factor="over time"),
    _rule(S, "step-compounds", ROW, "The decayed rate decayed again", "You start from the rate that the optimizer has now, which is decayed already, and apply all of γ's powers to it once more. Start from the base rate.", "optimizer.lr used as the base", base="compounds", common=True),
    _rule(S[1:], "step-late-base", ROW, "Base rate taken too late", "You take the base rate at the first step(). It is the optimizer's rate when the scheduler is made; somebody may change it before.", "lazy initialisation", 0.4, base="late"),
    _rule(S, "step-not-written", ROW, "The optimizer never hears of it", "You work out a rate, but the optimizer's `lr` stays as it was: a number of your own does not change its attribute.", "lr copied into the scheduler", 1.5, write="nothing", common=True, implies=("steplr-told:told",)),
    _rule(S, "step-gamma-fixed", "interface", "γ always 0.1", "Whatever gamma is asked for, yours acts like 0.1. Is the argument used?", "constants of the module", 0.6, gamma="always 0.1"),
    _rule(S[:1], "step-gamma-default", "interface", "Another default for γ", "StepLR(optimizer, step_size) multiplies by 0.1 at each stair; yours by 0.5.", "the notes' second example has gamma=0.5", 0.3, gamma="default 0.5"),
)  # fmt: skip
ROW = "exponential"
SLIDE = (
    _rule(E, "exponential-ahead", ROW, "One factor too many", "Your rate is multiplied by γ already when the scheduler is made. Before the first step() γ has not acted yet.", "epochs counted from 1", count="ahead", common=True),
    _rule(E, "exponential-ahead-later", ROW, "Two factors in the first call", "Your first step() multiplies by γ twice; later calls once. Does your count start at 1?", "epochs counted from 1", count="ahead after the start"),
    _rule(E, "exponential-behind", ROW, "The first call does nothing", "After the first step() your rate is still the base rate. The call that you are in counts already.", "counted after the rate was set", count="behind"),
    _rule(E, "exponential-once", ROW, "One factor for ever", "Your rate falls once and stays. After t calls γ has acted t times.", "base · γ without a power", count="once", common=True),
    _rule(E, "exponential-divided", ROW, "Growth in place of decay", "Your rate climbs: dividing by a number below 1 makes larger.", SLIP, factor="divided"),
    _rule(E, "exponential-subtracted", ROW, "A straight line", "You take the same amount away at each call, and the rate goes below zero. A factor leaves a part, always the same part.", "linear decay", factor="subtracted"),
    _rule(E, "exponential-one-minus", ROW, "1 − γ is kept", "With γ = 0.7 you keep 30 % per call. γ says how much is kept, not how much is lost.", "decay rate and factor confused", factor="one minus"),
    _rule(E, "exponential-without-base", ROW, "Base rate forgotten", "Your rate starts at 1, whatever the optimizer's rate was. The slide leads down from its base rate.", SLIP, factor="without base"),
    _rule(E, "exponential-natural", ROW, "e to the −γ t", "You use γ as the exponent of e. Here γ itself is the factor of each call.", "exponential decay in physics", factor="natural"),
    _rule(E, "exponential-compounds", ROW, "The decayed rate decayed again", "You apply all of γ's powers to a rate that is decayed already: γ, then γ³, then γ⁶. Start from the base rate.", "optimizer.lr used as the base", base="compounds", common=True),
    _rule(E[1:], "exponential-late-base", ROW, "Base rate taken too late", "You take the base rate at the first step(). It is the optimizer's rate when the scheduler is made.", "lazy initialisation", 0.4, base="late"),
    _rule(E, "exponential-not-written", ROW, "The optimizer never hears of it", "You work out a rate, but the optimizer's `lr` stays as it was.", "lr copied into the scheduler", 1.5, write="nothing", implies=("exponential-told:told",)),
)  # fmt: skip
ROW = "warmup"
WARMUP = (
    _rule(W, "warmup-missing", ROW, "No warm-up", "Your first steps already have the full base rate. A ramp should lead up to it.", SLIP, ramp="missing", common=True),
    _rule(W, "warmup-backwards", ROW, "The ramp leads down", "You begin with the base rate and go down to nothing. Warming up goes the other way.", SLIP, ramp="backwards"),
    _rule(W, "warmup-short-of-base", ROW, "The ramp ends below the base rate", "Your ramp is laid out for w + 1 steps: its last rate is w / (w + 1) of the base rate.", "fence posts", 0.6, ramp="over w plus one"),
    _rule(W, "warmup-steep", ROW, "A ramp of w − 1 steps", "Your ramp starts at 0 and still is at the base rate after w − 1 steps: it is steeper than 1 / w.", "np.linspace(0, base, w)", 0.6, ramp="over w minus one"),
    _rule(W, "warmup-from-floor", ROW, "The ramp starts at min_lr", "Your ramp leads from min_lr to the base rate. min_lr is where the cosine ends; the ramp does not know it.", "one formula for both halves", 0.6, ramp="from the floor"),
    _rule(W, "warmup-flat", ROW, "A ramp that does not rise", "All your warm-up steps have the same small rate. Each should be a little higher than the one before.", "t forgotten", ramp="flat"),
    _rule(W, "warmup-squared", ROW, "A curved ramp", "Your ramp starts too slowly and then hurries: it is a parabola. Equal steps up are asked for.", SLIP, ramp="squared"),
    _rule(W, "warmup-whole-numbers", ROW, "Whole numbers on the ramp", "Your ramp is 0 until its last step: a division rounds down.", "// for /", ramp="whole numbers"),
    _rule(W, "warmup-too-long", ROW, "The ramp overshoots", "At t = w you are still on the ramp, and above the base rate. The ramp is for t < w.", "<= for <", 0.6, ramp="one step longer", common=True),
    _rule(W, "warmup-start-unwritten", ROW, "The first step is not warmed up", "Until the first step() your optimizer keeps its full rate, so the very first batch is trained without warm-up. The rate for t = 0 belongs in the optimizer as soon as the scheduler is made.", "the constructor only stores", 0.5, start="left alone", common=True),
)  # fmt: skip
ROW = "cosine"
COSINE = (
    _rule(BOTH, "cosine-whole", ROW, "The half forgotten", "Your descent starts at twice the base rate: 1 + cos goes from 2 down to 0.", SLIP, wave="whole", common=True),
    _rule(BOTH, "cosine-degrees", ROW, "Degrees in place of radians", "Your rate jumps up and down: the cosine of Python and NumPy takes radians, and you give it 180 where half a turn is meant.", "school calculators", wave="degrees", common=True),
    _rule(BOTH, "cosine-floor-ignored", ROW, "min_lr ignored on the way", "Your descent heads for 0 and jumps up to min_lr at the end. min_lr is where the cosine itself should arrive.", SLIP, 0.6, wave="without floor", common=True),
    _rule(BOTH, "cosine-floor-added", ROW, "min_lr added on top", "Your descent starts at base + min_lr. Only what lies between the two is scaled by the cosine.", SLIP, 0.6, wave="floor added"),
    _rule(BOTH, "cosine-floor-as-limit", ROW, "min_lr as a limit", "Your descent heads for 0 and is cut off at min_lr, so that it stands still too early. The cosine itself should arrive there.", "max(min_lr, …)", 0.6, wave="floor as a limit"),
    _rule(BOTH, "cosine-straight", ROW, "A straight line down", "Your descent has the same slope everywhere. A cosine starts and ends gently.", "linear decay with warm-up", wave="straight", common=True),
    _rule(BOTH, "cosine-sine", ROW, "Sine in place of cosine", "Your descent starts half way up and rises first: that is a sine.", SLIP, wave="sine"),
    _rule(BOTH, "cosine-rising", ROW, "The cosine upside down", "After the ramp your rate falls to the floor at once and then climbs. Which sign starts at the top?", "sign", wave="rising"),
    _rule(BOTH, "cosine-full-turn", ROW, "A full turn", "Your rate goes down and comes all the way up again: the angle runs through 2π. Half a turn goes down once.", "2π", wave="full turn"),
    _rule(BOTH, "cosine-quarter-turn", ROW, "A quarter turn", "Your descent is steepest at its end: the angle runs only through π/2.", "π/2", wave="quarter turn"),
    _rule(BOTH, "cosine-without-one", ROW, "The one forgotten", "Half way down you are at the floor, and then below it: a bare cosine goes down to −1.", SLIP, wave="without one"),
    _rule(W, "cosine-of-the-whole", ROW, "Progress counted with the ramp", "When the ramp ends you are already part of the way down: you divide t by T. The descent begins at t = w.", SLIP, 0.6, progress="of the whole", common=True),
    _rule(W, "cosine-over-the-whole", ROW, "The descent made too long", "At t = T you are still above the floor: the descent has T − w steps, not T.", SLIP, 0.6, progress="over the whole"),
    _rule(BOTH, "cosine-ahead", ROW, "The descent a step ahead", "The first step after the ramp is already below the base rate. At t = w nothing of the descent is over.", "fence posts", 0.6, progress="ahead"),
    _rule(BOTH, "cosine-short", ROW, "The descent a step short", "You reach the floor at t = T − 1.", "fence posts", 0.6, progress="one step shorter"),
    _rule(W, "cosine-from-the-start", ROW, "The ramp counted as descent", "Your descent jumps in part of the way down and ends early: t counts from the start, the steps from the end of the ramp.", SLIP, 0.6, progress="from the start"),
    _rule(END, "cosine-rises-again", ROW, "Up again after the end", "After total_steps your rate climbs again with the cosine. It should stay at min_lr.", "torch's CosineAnnealingLR does", 1.0, end="rises again", common=True),
    _rule(END, "cosine-zero-after", ROW, "Zero after the end", "After total_steps your rate is 0. It should stay at min_lr.", SLIP, 1.0, end="zero"),
    _rule(END, "cosine-base-after", ROW, "The base rate after the end", "After total_steps your rate is the base rate again. It should stay at min_lr.", "a last `return` for all other cases", 1.0, end="base"),
)  # fmt: skip
CLASSES = (
    ("steplr", "StepLR", "steplr-several"),
    ("exponential", "ExponentialLR", "exponential-several"),
    ("cosine", "WarmupCosine", "cosine-after-warmup"),
)
CONDUCT = tuple(
    m
    for prefix, name, plain in CLASSES
    for m in (
        _seen(f"{prefix}-told-base", "interface", f"get_lr() of {name} tells the base rate", "get_lr() always answers with the rate of the beginning. Asked after a few calls it should tell the rate in force.", "`return self.base_lr`",
              {f"{prefix}-told:get_lr tells the base rate": True, f"{prefix}-told:told": "failed"}, 0.5),
        _seen(f"{prefix}-shared", "interface", f"State shared between two {name} schedulers", "Two schedulers of yours count together. An attribute of the class belongs to all of them; what one scheduler knows belongs on `self`.", "class attributes",
              {f"{prefix}-pair:trajectory": "failed", f"{plain}:trajectory": "passed", f"{prefix}-told:last_epoch at last": "passed"}, 0.5),
    )
)  # fmt: skip

MISCONCEPTIONS: tuple[Misconception, ...] = (*STAIRCASE, *SLIDE, *WARMUP, *COSINE, *CONDUCT)
