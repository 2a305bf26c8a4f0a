"""Optimizers: they turn gradients into learning.

backward() leaves in every `param.grad` the direction in which the loss grows. An optimizer takes one step the
other way, and the whole art is in how large that step is for each number:

    SGD     the same learning rate for all, and with momentum a memory of where it was heading
    Adam    a step of its own for every number, scaled by how large its gradients have been
    AdamW   Adam, with weight decay kept out of that scaling

A training loop looks the same whichever you take:

    optimizer = Adam(model.parameters(), lr=0.001)
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

In the formulas θ is a parameter's `data` and g its gradient; both are arrays of one shape, and so is all that
you keep between steps. Every operation is element by element: there is no loop over the numbers.
"""

import numpy as np
from tinytorch.core.tensor import Tensor


class Optimizer:
    """The part that all optimizers share: the parameters they move, and how many steps they have taken.

    params       a list of tensors, the very ones that were passed (a copy would never reach the model)
    step_count   how often step() was called
    """

    def __init__(self, params):
        """Keeps the parameters. `params` may be any iterable, even a generator, which is read only once."""
        # TODO: keep the parameters as a list, and start counting steps at 0
        raise NotImplementedError("TODO: keep the parameters as a list, and start counting steps at 0")

    def zero_grad(self):
        """Forgets the gradients: backward() adds to what is there, so that each batch must start afresh.

        Forgotten means None, "there is no gradient". An array of zeros says something else: there is a
        gradient, it is zero, and momentum and weight decay still move the parameter.
        """
        # TODO: set the gradient of every parameter to None
        raise NotImplementedError("TODO: set the gradient of every parameter to None")

    def step(self):
        """Moves every parameter once. Only the classes below know how: here it raises NotImplementedError."""
        # TODO: say that every optimizer must write its own step()
        raise NotImplementedError("TODO: say that every optimizer must write its own step()")


class SGD(Optimizer):
    """Gradient descent, with momentum and weight decay if you want them.

        g ← g + λ·θ         weight decay λ: pulls every parameter towards zero
        v ← μ·v + g         momentum μ: a velocity that starts at zero and remembers past gradients
        θ ← θ − lr·v        without momentum v is simply g

    A ball that rolls downhill keeps μ of its speed and is pushed by the whole gradient: along a valley the
    pushes add up (to 1/(1 − μ) times one of them), across it they cancel. Note that v is no average.
    """

    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        """Keeps the settings. Velocities are made when they are first needed: plain SGD keeps none at all."""
        # TODO: keep parameters and settings, and an empty place for each velocity
        raise NotImplementedError("TODO: keep parameters and settings, and an empty place for each velocity")

    def has_momentum(self):
        """Return whether this optimizer keeps velocities."""
        # TODO: return True if momentum is switched on, else False
        raise NotImplementedError("TODO: return True if momentum is switched on, else False")

    def get_momentum_state(self):
        """The velocities, for a checkpoint: copies, so that what the caller does to them does not come back.

        A list with one entry for each parameter (None where there is no velocity yet), or just None where
        momentum is switched off.
        """
        # TODO: return None without momentum, else a list of copies
        raise NotImplementedError("TODO: return None without momentum, else a list of copies")

    def set_momentum_state(self, state):
        """Goes on from a checkpoint: takes what get_momentum_state() returned, as copies again."""
        # TODO: take over copies of the velocities, if there are any
        raise NotImplementedError("TODO: take over copies of the velocities, if there are any")

    def step(self):
        """Moves every parameter that has a gradient, and counts one step, however many parameters there are.

        A parameter whose `grad` is None is skipped whole: it neither decays nor coasts on its velocity.
        `grad` is an array as backward() leaves it, or a Tensor that holds one; either way it is only read:
        `grad += …` would change it for everybody who holds it.
        """
        # TODO: for each parameter with a gradient: decay, velocity, step
        raise NotImplementedError("TODO: for each parameter with a gradient: decay, velocity, step")


class Adam(Optimizer):
    """Adaptive moments: every number gets the step size that suits its own gradients (Kingma & Ba 2015).

        g ← g + λ·θ                       weight decay, as in SGD
        m ← β₁·m + (1 − β₁)·g             first moment: the average gradient, where to
        v ← β₂·v + (1 − β₂)·g²            second moment: the average square, how large gradients usually are
        m̂ = m / (1 − β₁ᵗ)                 both averages start at zero and are too small at first;
        v̂ = v / (1 − β₂ᵗ)                 this makes up for it (t = 1 in the first step)
        θ ← θ − lr·m̂ / (√v̂ + ε)          ε keeps a zero gradient from dividing by zero

    m̂/√v̂ hardly depends on how large the gradients are: the first step moves every number by about lr.
    """

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        """Keeps the settings. The moments are made at the first step, one pair for each parameter."""
        # TODO: keep parameters and settings, and empty places for both moments
        raise NotImplementedError("TODO: keep parameters and settings, and empty places for both moments")

    def step(self):
        """Moves every parameter that has a gradient; t is `step_count`, this step included.

        As in SGD, parameters without a gradient are skipped whole and gradients are only read.
        """
        # TODO: for each one with a gradient: decay, moments, correction, step
        raise NotImplementedError("TODO: for each one with a gradient: decay, moments, correction, step")


class AdamW(Optimizer):
    """Adam with weight decay decoupled from the gradient (Loshchilov & Hutter 2019).

        m, v, m̂, v̂ as in Adam, but from the gradient alone
        θ ← θ − lr·m̂ / (√v̂ + ε)
        θ ← θ·(1 − lr·λ)                  decay, by itself: the same share of every number

    In Adam the decay is part of g and so is divided by √v̂ too: the parameters with the largest gradients are
    decayed least. Here every parameter shrinks by the same factor.
    """

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        """Keeps the settings. Decay is on unless you switch it off."""
        # TODO: as in Adam
        raise NotImplementedError("TODO: as in Adam")

    def step(self):
        """Takes the step that Adam would take without weight decay, then lets every moved parameter decay."""
        # TODO: for each one with a gradient: moments, correction, step, decay
        raise NotImplementedError("TODO: for each one with a gradient: moments, correction, step, decay")
