"""One step downhill: the smallest piece of every optimizer.

The gradient g says in which direction the loss grows. A step goes the other way, as far as the learning rate allows:

    θ ← θ − lr·g
"""


def gradient_step(theta, gradient, lr):
    """The new θ. All of θ's numbers move at once; `theta` and `gradient` are arrays of one shape."""
    # TODO: return θ after one step
    raise NotImplementedError("TODO: return θ after one step")
