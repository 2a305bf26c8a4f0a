"""Drives a submission through one scenario, inside the sandbox, and records what it did: NumPy and nothing of ours."""


def play(module, spec, arrays, record):
    """Takes a step with each gradient, recording θ at the start and after every step."""
    theta = arrays["p0"]
    record.row("theta", theta)
    for number, gradient in enumerate(arrays["g0"], start=1):
        record.doing = f"gradient_step(…) number {number}"
        theta = module.gradient_step(theta, gradient, spec["lr"])
        record.row("theta", theta)
