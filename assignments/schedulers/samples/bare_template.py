"""Learning-rate schedulers: how fast to learn, and when.

A large learning rate gets you close, a small one gets you there. A scheduler changes the learning rate while
training runs: it holds on to an optimizer and writes into its `lr`, which the optimizer reads at every step.

    StepLR          a staircase: multiplied by gamma every step_size epochs
    ExponentialLR   a slide: multiplied by gamma every epoch
    WarmupCosine    up a short ramp, then down half a cosine to a smallest rate, where it stays

A training loop calls it once in an epoch (WarmupCosine usually once in a batch), after the optimizer:

    scheduler = StepLR(optimizer, step_size=10, gamma=0.1)
    for epoch in range(30):
        for x, y in batches:
            ...
            optimizer.step()
        scheduler.step()

Every scheduler counts how often its step() was called, t for short, and keeps the learning rate that the optimizer
had when the scheduler was made, the base rate. The rate for t is always worked out from the base rate.
"""

import math


class Scheduler:
    """The part that all schedulers share.

    optimizer    any object with an attribute `lr`
    base_lr      its learning rate when this scheduler was made
    last_epoch   t: how often step() has been called, 0 at first
    """

    def __init__(self, optimizer):
        """Keeps the optimizer and its learning rate as it is now, and sets the optimizer's rate to that for t = 0."""
        # TODO: keep optimizer and base rate, count from 0, write the rate for t = 0
        raise NotImplementedError("TODO: keep optimizer and base rate, count from 0, write the rate for t = 0")

    def get_lr(self):
        """The learning rate for the present t. Asking changes nothing, however often. Subclasses know the formula."""
        # TODO: say that every scheduler must write its own get_lr()
        raise NotImplementedError("TODO: say that every scheduler must write its own get_lr()")

    def step(self):
        """Counts one more call and writes the learning rate for the new t into the optimizer."""
        # TODO: count, then let the optimizer have its new rate
        raise NotImplementedError("TODO: count, then let the optimizer have its new rate")


class StepLR(Scheduler):
    """A staircase.

        lr(t) = base · γ^⌊t / step_size⌋        ⌊ ⌋ rounds down

    With step_size = 3 the base rate holds for t = 0, 1, 2, and t = 3 is the first with base · γ.
    """

    def __init__(self, optimizer, step_size, gamma=0.1):
        """Keeps the settings."""
        # TODO: keep both settings and let Scheduler keep the rest
        raise NotImplementedError("TODO: keep both settings and let Scheduler keep the rest")

    def get_lr(self):
        """The rate on the stair of the present t."""
        # TODO: how many stairs down are we, and what is the rate there?
        raise NotImplementedError("TODO: how many stairs down are we, and what is the rate there?")


class ExponentialLR(Scheduler):
    """A slide: lr(t) = base · γᵗ."""

    def __init__(self, optimizer, gamma):
        """Keeps gamma, which has no default."""
        # TODO: keep the setting and let Scheduler keep the rest
        raise NotImplementedError("TODO: keep the setting and let Scheduler keep the rest")

    def get_lr(self):
        """The rate after as many shrinkings as there were calls."""
        # TODO: the formula above
        raise NotImplementedError("TODO: the formula above")


class WarmupCosine(Scheduler):
    """A ramp, half a cosine, and a floor. With w = warmup_steps and T = total_steps:

        t < w:        lr(t) = base · (t + 1) / w
        w ≤ t < T:    lr(t) = min_lr + (base − min_lr) · ½(1 + cos(π · p)),   p = (t − w) / (T − w)
        t ≥ T:        lr(t) = min_lr

    The ramp begins with base / w already when the scheduler is made, and reaches base at t = w − 1. p is how much of
    the descent is over: 0 at t = w, 1 at t = T. With w = 0 there is no ramp.
    """

    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        """Keeps the settings."""
        # TODO: keep the settings and let Scheduler keep the rest
        raise NotImplementedError("TODO: keep the settings and let Scheduler keep the rest")

    def get_lr(self):
        """The rate for the present t: on the ramp, on the cosine, or on the floor."""
        # TODO: the three cases above, one after the other
        raise NotImplementedError("TODO: the three cases above, one after the other")
