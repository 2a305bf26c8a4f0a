"""Plays one function of a hostile submission: guest code, sent into the sandbox like an assignment's guest.py."""


def play(module, spec, inputs, recorder):
    """Calls `spec["call"]` a few times; `module.breaches` is where an attack says what it got away with."""
    module.told = spec  # where on the host to look: paths, ports, process ids
    x = inputs["x"].copy()
    recorder.row("x", x)
    try:
        for number in range(spec["steps"]):
            recorder.doing = f"step {number + 1}"
            x = getattr(module, spec["call"])(x)
            recorder.row("x", x)
    finally:
        recorder.fact("breaches", "; ".join(getattr(module, "breaches", [])))
