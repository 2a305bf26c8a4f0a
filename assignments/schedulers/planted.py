"""Every misconception as a student would have written it: text replacements in the model solution.

They are independent witnesses of the family (family.py): written as code, from the belief's title. Where the model
solution changes, `plant` says which text is missing now.
"""

from __future__ import annotations

from collections.abc import Mapping

Edits = tuple[tuple[str, str], ...]


def plant(source: str, misconception_id: str) -> str:
    """The model solution's source with this misconception in it.

    Raises:
        KeyError: nobody has written down yet how this misconception looks.
        ValueError: the model solution changed, and an edit's old text is no longer there exactly once.
    """
    if misconception_id not in PLANTED:
        raise KeyError(f"{misconception_id} has no planted form: add its edits to planted.py.")
    for old, new in PLANTED[misconception_id]:
        if source.count(old) != 1:
            raise ValueError(
                f"{misconception_id}: the model solution holds `{old}` {source.count(old)} times, not once."
            )
        source = source.replace(old, new)
    return source


STAIRS = "stairs = self.last_epoch // self.step_size"
STEP = "return self.base_lr * self.gamma**stairs"
SLIDE = "return self.base_lr * self.gamma**self.last_epoch"
RAMP = "return self.base_lr * (t + 1) / self.warmup_steps"
ON_RAMP = "if t < self.warmup_steps:"
PROGRESS = "progress = (t - self.warmup_steps) / (self.total_steps - self.warmup_steps)"
WAVE = "wave = 0.5 * (1 + math.cos(math.pi * progress))"
FALL = "return self.min_lr + (self.base_lr - self.min_lr) * wave"
AT_END = "if t >= self.total_steps:"
FLOOR = "            return self.min_lr\n"
WRITES = """
    def step(self):
        self.last_epoch += 1
"""
LAZY = """
    def step(self):
        if self.last_epoch == 0:
            self.base_lr = self.optimizer.lr
        super().step()
"""
COMPOUNDS = """
    def step(self):
        self.last_epoch += 1
        self.optimizer.lr *= {0}
"""
COUNTS_TOGETHER = """
    def step(self):
        {0}.calls = self.last_epoch = getattr({0}, "calls", 0) + 1
        self.optimizer.lr = self.get_lr()
"""  # counts on in the class; the constructor starts it afresh
END_OF = {  # where another method can be put at a class's end
    "StepLR": (STEP + "\n        ### END SOLUTION\n", STEP + "\n        ### END SOLUTION\n"),
    "ExponentialLR": (SLIDE + "\n        ### END SOLUTION\n", SLIDE + "\n        ### END SOLUTION\n"),
    "WarmupCosine": (FALL + "\n        ### END SOLUTION\n", FALL + "\n        ### END SOLUTION\n"),
}
MADE = {  # the last setting that a constructor keeps
    "StepLR": "self.step_size = step_size",
    "ExponentialLR": "# TODO: keep the setting and let Scheduler keep the rest\n        ### BEGIN SOLUTION",
    "WarmupCosine": "self.warmup_steps = warmup_steps",
}


def _method(name: str, text: str) -> tuple[str, str]:
    old, new = END_OF[name]
    return old, new + text


def _stairs(formula: str) -> Edits:
    return ((STAIRS, f"stairs = {formula}"),)


def _step(formula: str) -> Edits:
    return ((STEP, f"return {formula}"),)


def _slide(formula: str) -> Edits:
    return ((SLIDE, f"return {formula}"),)


def _ramp(formula: str) -> Edits:
    return ((RAMP, f"return {formula}"),)


def _progress(formula: str) -> Edits:
    return ((PROGRESS, f"progress = {formula}"),)


def _wave(formula: str) -> Edits:
    return ((WAVE, f"wave = {formula}"),)


def _fall(formula: str) -> Edits:
    return ((FALL, f"return {formula}"),)


def _told_base(name: str, prefix: str) -> Edits:
    """get_lr() answers wrongly, while step() goes by the right formula under another name."""
    asked = "\n    def get_lr(self):\n        return self.base_lr if self.last_epoch else self.rate()\n"
    steps = "\n    def step(self):\n        self.last_epoch += 1\n        self.optimizer.lr = self.rate()\n"
    return (_method(name, asked + steps), (GET_LR[prefix], GET_LR[prefix].replace("get_lr", "rate")))


def _shared(name: str) -> Edits:
    return (
        _method(name, COUNTS_TOGETHER.format(name)),
        (MADE[name], MADE[name] + f"\n        {name}.calls = 0"),
    )


GET_LR = {
    "steplr": 'def get_lr(self):\n        """The rate on the stair',
    "exponential": 'def get_lr(self):\n        """The rate after as many',
    "cosine": 'def get_lr(self):\n        """The rate for the present t: on the ramp',
}
PLANTED: Mapping[str, Edits] = {
    "step-ahead": _stairs("(self.last_epoch + 1) // self.step_size"),
    "step-behind": _stairs("max(self.last_epoch - 1, 0) // self.step_size"),
    "step-fraction": _stairs("self.last_epoch / self.step_size"),
    "step-remainder": _stairs("self.last_epoch % self.step_size"),
    "step-every-call": _stairs("self.last_epoch"),
    "step-longer": _stairs("self.last_epoch // (self.step_size + 1)"),
    "step-up": _stairs("math.ceil(self.last_epoch / self.step_size)"),
    "step-once": _stairs("1 if self.last_epoch >= self.step_size else 0"),
    "step-at-multiples": _stairs("1 if self.last_epoch and self.last_epoch % self.step_size == 0 else 0"),
    "step-between": _stairs("sum(1 for t in range(1, self.last_epoch + 1) if t % self.step_size != 0)"),
    "step-times": _step("self.base_lr * self.gamma * stairs"),
    "step-subtracted": _step("self.base_lr - self.gamma * stairs"),
    "step-added": _step("self.base_lr + self.gamma * stairs"),
    "step-divided": _step("self.base_lr / self.gamma**stairs"),
    "step-one-minus": _step("self.base_lr * (1 - self.gamma) ** stairs"),
    "step-without-base": _step("self.gamma**stairs"),
    "step-over-time": _step("self.base_lr / (1 + self.gamma * stairs)"),
    "step-compounds": (_method("StepLR", COMPOUNDS.format("self.gamma ** (self.last_epoch // self.step_size)")), (STEP, "return self.optimizer.lr")),
    "step-late-base": (_method("StepLR", LAZY),),
    "step-not-written": (_method("StepLR", WRITES),),
    "step-gamma-fixed": _step("self.base_lr * 0.1**stairs"),
    "step-gamma-default": (("step_size, gamma=0.1):", "step_size, gamma=0.5):"),),
    "exponential-ahead": _slide("self.base_lr * self.gamma ** (self.last_epoch + 1)"),
    "exponential-ahead-later": _slide("self.base_lr * self.gamma ** (self.last_epoch + 1 if self.last_epoch else 0)"),
    "exponential-behind": _slide("self.base_lr * self.gamma ** max(self.last_epoch - 1, 0)"),
    "exponential-once": _slide("self.base_lr * self.gamma if self.last_epoch else self.base_lr"),
    "exponential-divided": _slide("self.base_lr / self.gamma**self.last_epoch"),
    "exponential-subtracted": _slide("self.base_lr - self.gamma * self.last_epoch"),
    "exponential-one-minus": _slide("self.base_lr * (1 - self.gamma) ** self.last_epoch"),
    "exponential-without-base": _slide("self.gamma**self.last_epoch"),
    "exponential-natural": _slide("self.base_lr * math.exp(-self.gamma * self.last_epoch)"),
    "exponential-compounds": (_method("ExponentialLR", COMPOUNDS.format("self.gamma**self.last_epoch")), (SLIDE, "return self.optimizer.lr")),
    "exponential-late-base": (_method("ExponentialLR", LAZY),),
    "exponential-not-written": (_method("ExponentialLR", WRITES),),
    "warmup-missing": _ramp("self.base_lr"),
    "warmup-backwards": _ramp("self.base_lr * (1 - t / self.warmup_steps)"),
    "warmup-short-of-base": _ramp("self.base_lr * (t + 1) / (self.warmup_steps + 1)"),
    "warmup-steep": _ramp("self.base_lr * t / (self.warmup_steps - 1)"),
    "warmup-from-floor": _ramp("self.min_lr + (self.base_lr - self.min_lr) * (t + 1) / self.warmup_steps"),
    "warmup-flat": _ramp("self.base_lr / self.warmup_steps"),
    "warmup-squared": _ramp("self.base_lr * ((t + 1) / self.warmup_steps) ** 2"),
    "warmup-whole-numbers": _ramp("self.base_lr * ((t + 1) // self.warmup_steps)"),
    "warmup-too-long": ((ON_RAMP, "if self.warmup_steps and t <= self.warmup_steps:"),),
    "warmup-start-unwritten": (
        ("self.min_lr = min_lr\n        super().__init__(optimizer)",
         "self.min_lr = min_lr\n        base = optimizer.lr\n        super().__init__(optimizer)\n        optimizer.lr = base"),
    ),
    "cosine-whole": _wave("1 + math.cos(math.pi * progress)"),
    "cosine-degrees": _wave("0.5 * (1 + math.cos(180 * progress))"),
    "cosine-floor-ignored": _fall("self.base_lr * wave"),
    "cosine-floor-added": _fall("self.min_lr + self.base_lr * wave"),
    "cosine-floor-as-limit": _fall("max(self.min_lr, self.base_lr * wave)"),
    "cosine-straight": _wave("1 - progress"),
    "cosine-sine": _wave("0.5 * (1 + math.sin(math.pi * progress))"),
    "cosine-rising": _wave("0.5 * (1 - math.cos(math.pi * progress))"),
    "cosine-full-turn": _wave("0.5 * (1 + math.cos(2 * math.pi * progress))"),
    "cosine-quarter-turn": _wave("math.cos(math.pi * progress / 2)"),
    "cosine-without-one": _wave("math.cos(math.pi * progress)"),
    "cosine-of-the-whole": _progress("t / self.total_steps"),
    "cosine-over-the-whole": _progress("(t - self.warmup_steps) / self.total_steps"),
    "cosine-ahead": _progress("(t - self.warmup_steps + 1) / (self.total_steps - self.warmup_steps)"),
    "cosine-short": _progress("(t - self.warmup_steps) / (self.total_steps - self.warmup_steps - 1)"),
    "cosine-from-the-start": _progress("t / (self.total_steps - self.warmup_steps)"),
    "cosine-rises-again": ((AT_END, "if False:"),),
    "cosine-zero-after": ((FLOOR, "            return 0.0\n"),),
    "cosine-base-after": ((FLOOR, "            return self.base_lr\n"),),
    **{f"{prefix}-{what}": edits
       for prefix, name in (("steplr", "StepLR"), ("exponential", "ExponentialLR"), ("cosine", "WarmupCosine"))
       for what, edits in (("told-base", _told_base(name, prefix)), ("shared", _shared(name)))},
}  # fmt: skip
