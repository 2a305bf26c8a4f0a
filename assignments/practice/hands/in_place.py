"""A right solution by somebody else: all of these must get full marks."""


def gradient_step(theta, gradient, lr):
    theta = theta.copy()
    theta -= gradient * lr
    return theta
