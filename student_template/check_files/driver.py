"""Drives a submission through one scenario, inside the sandbox, and records what it did.

Standard library and NumPy, plus the provided `tinytorch`. `play` is called once a scenario with the submission's
module, the scenario's spec, its arrays, and a recorder; whatever raises in here is the submission's doing.
"""

import contextlib
import copy
import functools
import gc
import inspect
import math
import random
import types

import numpy as np
from tinytorch.core.activations import ReLU
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.tensor import Tensor


def play(module, spec, arrays, record):
    record.what = "a parameter"
    KINDS[spec["kind"]](module, spec, arrays, record)


# ---------------------------------------------------------------------------------------------------- the parts
def parameter(values, dtype="float32"):
    tensor = Tensor(values, requires_grad=True)
    tensor.data = np.array(values, dtype=dtype)  # Tensor() itself casts to float32
    return tensor


def parameters(arrays, prefix, dtype="float32"):
    return [parameter(arrays[name], dtype) for name in numbered(arrays, prefix)]


def numbered(arrays, prefix):
    return [name for i in range(len(arrays)) if (name := f"{prefix}{i}") in arrays]


def make(module, spec, params, **changes):
    """An optimizer as the spec says; only what the spec names is passed, so that defaults stay defaults."""
    given = {"list": list, "tuple": tuple, "generator": lambda ps: (p for p in ps)}[spec.get("given_as", "list")](
        params
    )
    kwargs = {**spec.get("kwargs", {}), **changes}
    if "betas" in kwargs:
        kwargs["betas"] = tuple(kwargs["betas"])
    if spec.get("by_position"):
        return constructor(module, spec["class"])(given, *kwargs.values())
    return constructor(module, spec["class"])(given, **kwargs)


ARGUMENTS = {
    "SGD": ("lr", "momentum", "weight_decay"),
    "Adam": ("lr", "betas", "eps", "weight_decay"),
    "AdamW": ("lr", "betas", "eps", "weight_decay"),
}
MORE = ("nesterov", "dampening", "maximize", "amsgrad")  # what torch's optimizers take besides
OLDER = {"lr": ("learning_rate",), "betas": ("beta1", "beta2"), "eps": ("epsilon",)}


def renamed(module, name):
    """The arguments that this class has under other names: of an older edition, or of its own at the same place."""
    try:
        return renamed_in(getattr(module, name).__init__, name)
    except (TypeError, ValueError):
        return {}


@functools.lru_cache(maxsize=64)
def renamed_in(constructor, name):
    own = parameters_of(constructor)
    known = {*ARGUMENTS[name], *MORE, *(old for names in OLDER.values() for old in names)}
    found, place = {}, 0
    for ours in ARGUMENTS[name]:
        names = list(own)[place : place + 1]
        if ours in own:
            names = [ours]
        elif own.keys() >= set(OLDER.get(ours, (ours,))):
            names = found[ours] = OLDER[ours]
        elif names and names[0] not in known:
            pair = list(own)[place : place + 2]
            two = ours == "betas" and not isinstance(own[names[0]].default, tuple | list) and not known & set(pair)
            names = found[ours] = tuple(pair if two else names)
        place = max((list(own).index(n) + 1 for n in names if n in own), default=place)
    return found


def parameters_of(constructor):
    """The arguments of a constructor after the parameters, in order; none where it takes any."""
    arguments = inspect.signature(constructor).parameters
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in arguments.values()):
        return {}
    return dict(list(arguments.items())[2:])


def constructor(module, name):
    """The class, or a function that calls it by its own names of the arguments."""
    swaps = renamed(module, name)
    if not swaps:
        return getattr(module, name)

    def construct(params, *given, **named):
        asked = dict(zip(ARGUMENTS[name], given, strict=False)) | named
        for ours, theirs in swaps.items():
            if ours in asked:
                value = asked.pop(ours)
                asked |= dict(zip(theirs, value if len(theirs) > 1 else (value,), strict=True))
        made = getattr(module, name)(params, **asked)
        # Else a setting that is changed later would be nobody's.
        alone = {ours: theirs[0] for ours, theirs in swaps.items() if len(theirs) == 1}
        also = {ours: under(n) for ours, n in alone.items() if hasattr(made, n) and not hasattr(made, ours)}
        if also:
            made.__class__ = type(name, (type(made),), also)
        return made

    return construct


def under(name):
    """A property that reads and writes an attribute of another name."""
    return property(lambda made: getattr(made, name), lambda made, value: setattr(made, name, value))


def set_gradient(tensor, values, form):
    """Sets a fresh gradient and returns the array behind it, to see later whether it was left alone."""
    array = np.array(values, dtype=tensor.data.dtype)
    tensor.grad = Tensor(array) if form == "tensor" else array
    if form == "tensor":
        tensor.grad.data = array
    return array


FORMS: dict[str, str] = {}


def form_for(module, spec):
    """The form of gradient that this class can take: an array, as backward() leaves it, or else a Tensor.

    Only one scenario asks for each form by name; in all others a class that knows one form is not asked twice.
    """
    wanted = spec.get("grad_form", "any")
    if wanted != "any":
        return wanted
    name = spec["class"]
    if name not in FORMS:
        FORMS[name] = next((form for form in ("array", "tensor") if moves(module, name, form)), "array")
    return FORMS[name]


def moves(module, name, form):
    tensor = parameter([1.0, 2.0])
    try:
        optimizer = constructor(module, name)([tensor], lr=0.5)
        set_gradient(tensor, [1.0, 1.0], form)
        optimizer.step()
    except Exception:  # noqa: BLE001 - the question is whether it works
        return False
    return not np.array_equal(np.asarray(tensor.data, dtype=float), [1.0, 2.0])


# ------------------------------------------------------------------------------------------- gradients are given
def course(module, spec, arrays, record):
    """step() with the given gradients, recording every parameter at the start and after each step."""
    params = parameters(arrays, "p", spec.get("dtype", "float32"))
    grads = [arrays[name] for name in numbered(arrays, "g")]
    form, absent = form_for(module, spec), {tuple(pair) for pair in spec.get("absent", [])}
    record.doing = f"{spec['class']}(…)"
    optimizer = make(module, spec, params)
    reused = [set_gradient(p, g[0], form) for p, g in zip(params, grads, strict=True)] if spec.get("reuse") else None
    intact = True
    note(record, params)
    for t in range(len(grads[0])):
        for name, value in spec.get("set", {}).get(str(t), {}).items():
            setattr(optimizer, name, value)
        if reused is None:
            held = hand_out(params, grads, t, absent, form)
        else:
            held = reused
            for p, array in zip(params, reused, strict=True):
                p.grad = Tensor(array) if form == "tensor" else array
                if form == "tensor":
                    p.grad.data = array
        record.doing = f"step() number {t + 1}"
        optimizer.step()
        if t >= spec.get("from_step", 0):
            note(record, params)
        intact &= all(
            array is None or (np.array_equal(array, g[t].astype(array.dtype)) and still_there(p, array))
            for p, array, g in zip(params, held, grads, strict=True)
        )
    record.fact(
        "moved", any(not np.array_equal(p.data, arrays[f"p{i}"].astype(p.data.dtype)) for i, p in enumerate(params))
    )
    record.fact("gradients left alone", bool(intact))
    record.fact("dtype", str(params[0].data.dtype))
    record.fact("step_count", getattr(optimizer, "step_count", None))


def hand_out(params, grads, t, absent, form):
    held = []
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        if (t, i) in absent:
            p.grad = None
            held.append(None)
        else:
            held.append(set_gradient(p, g[t], form))
    return held


def still_there(param, array):
    """Return whether the gradient that was handed out still hangs on the parameter, in any form."""
    now = param.grad.data if isinstance(param.grad, Tensor) else param.grad
    return now is array or (isinstance(now, np.ndarray | np.generic) and np.array_equal(now, array))


def note(record, params, prefix="p"):
    for i, p in enumerate(params):
        record.row(f"{prefix}{i}", p.data)


def interleaved(module, spec, arrays, record):
    """Two instances, each alone ("a…", "b…"), and then the same two taking turns ("p…", "q…")."""
    alone(module, spec, arrays, record, "a", ("p", "g"))
    alone(module, spec, arrays, record, "b", ("q", "h"))
    pairs = []
    record.afresh()
    for prefix, grads in (("p", "g"), ("q", "h")):
        params = parameters(arrays, prefix)
        pairs.append((prefix, params, [arrays[n] for n in numbered(arrays, grads)], make(module, spec, params)))
        note(record, params, prefix)
    form = form_for(module, spec)
    for t in range(spec["steps"]):
        for prefix, params, grads, optimizer in pairs:
            hand_out(params, grads, t, set(), form)
            record.doing = f"step() number {t + 1} of two optimizers taking turns"
            same_chance(t)
            optimizer.step()
            note(record, params, prefix)


def alone(module, spec, arrays, record, name, prefixes):
    record.afresh()
    params, grads = parameters(arrays, prefixes[0]), [arrays[n] for n in numbered(arrays, prefixes[1])]
    optimizer, form = make(module, spec, params), form_for(module, spec)
    note(record, params, name)
    for t in range(spec["steps"]):
        hand_out(params, grads, t, set(), form)
        record.doing = f"step() number {t + 1}"
        same_chance(t)
        optimizer.step()
        note(record, params, name)


def same_chance(seed):
    """Lets a step that draws random numbers draw the same ones in each of two runs that are compared."""
    np.random.seed(seed)  # noqa: NPY002 - it is the generator that a submission may use
    random.seed(seed)


def pair(module, spec, arrays, record):
    """The same class run several times, for relations between the runs.

    As `kwargs` say ("p…"); the `others` without the thing under test, but with gradients of their own; and two
    controls: with opposite gradients ("c…"), and without more ("n…").
    """
    run(module, spec, arrays, record, "p")
    for name in spec["others"]:
        run(module, spec, arrays, record, name, grads=name, changes=spec["second"])
    run(module, spec, opposite(arrays), record, "c")
    run(module, spec, arrays, record, "n", changes=spec["second"])


def response(module, spec, arrays, record):
    """The same run twice, with other gradients, and from another start: what a rule must tell apart, or not."""
    near = {name: (1 + spec["nearly"]) * values if name[0] == "g" else values for name, values in arrays.items()}
    runs = {"p": (arrays, "p"), "again": (arrays, "p"), "gradient": (opposite(arrays), "p"), "start": (arrays, "s"),
            "near": (near, "p")}  # fmt: skip
    each(runs, lambda name: run(module, spec, runs[name][0], record, name, start=runs[name][1]), record)


def opposite(arrays):
    return {name: -values[::-1] if name[0] == "g" else values for name, values in arrays.items()}


def run(module, spec, arrays, record, name, start="p", grads="g", changes=None):
    """One run of several that are compared, recorded as `name`."""
    record.afresh()
    form, params = form_for(module, spec), parameters(arrays, start)
    optimizer = make(module, spec, params, **(changes or {}))
    note(record, params, name)
    for t in range(spec["steps"]):
        for i, p in enumerate(params):
            set_gradient(p, arrays[f"{grads}{i}"][t], form)
        record.doing = f"step() number {t + 1}"
        optimizer.step()
        note(record, params, name)


def life(module, spec, arrays, record):
    """Plays a list of documented actions: lives.py has them."""
    one = Life(module, spec, arrays, record)
    for number, (action, *rest) in enumerate(spec["actions"], start=1):
        record.doing = f"action {number}, {action}"
        getattr(one, action)(*rest)


class Life:
    """One optimizer, its parameters, and the gradient arrays that the caller has in hand."""

    def __init__(self, module, spec, arrays, record):
        self.module, self.spec, self.arrays, self.record = module, spec, arrays, record
        self.params, self.form = parameters(arrays, "p", spec["dtype"]), form_for(module, spec)
        self.grads = [arrays[name] for name in numbered(arrays, "g")]
        record.doing = f"{spec['class']}(…)"
        self.optimizer, self.held, self.others = make(module, spec, self.params), [], None
        note(record, self.params)

    def gradients(self, t, missing):
        self.held = hand_out(self.params, self.grads, t, {(t, i) for i in missing}, self.form)

    def overwrite(self, t):
        for param, array, g in zip(self.params, self.held, self.grads, strict=True):
            if array is not None:
                array[...] = g[t]
                param.grad = Tensor(array) if self.form == "tensor" else array
                if self.form == "tensor":
                    param.grad.data = array

    def zero_grad(self):
        self.optimizer.zero_grad()

    def step(self):
        self.optimizer.step()
        note(self.record, self.params)

    def lr(self, value):
        self.optimizer.lr = value

    def state(self):
        state = self.optimizer.get_momentum_state()
        self.optimizer.set_momentum_state(state)
        if state is not None:
            spoil(state)

    def other(self, t):
        if self.others is None:
            params = parameters(self.arrays, "p", self.spec["dtype"])
            self.others = params, make(self.module, self.spec, params)
        params, optimizer = self.others
        hand_out(params, self.grads, t, set(), self.form)
        optimizer.step()


# --------------------------------------------------------------------------------------------------- what is asked
def base(module, _spec, arrays, record):
    """The base class by itself."""
    params = parameters(arrays, "p")
    optimizer = module.Optimizer(p for p in params)
    kept = optimizer.params
    record.fact("params is a list", isinstance(kept, list))
    record.fact("keeps every parameter", len(kept) == len(params) and all(a is b for a, b in zip(kept, params)))  # noqa: B905
    record.fact("step_count", getattr(optimizer, "step_count", None))
    try:
        optimizer.step()
    except NotImplementedError as error:
        record.fact("step is abstract", not str(error).startswith("TODO"))
    else:
        record.fact("step is abstract", value=False)


def signatures(module, spec, arrays, record):
    def construct(name):
        kwargs = spec["classes"][name]
        record.doing = f"{name}(params, {', '.join(kwargs)})"
        params = parameters(arrays, "p")
        try:
            made = make(module, {"class": name, "kwargs": kwargs}, params)
            positional = [tuple(v) if isinstance(v, list) else v for v in kwargs.values()]
            constructor(module, name)(params, *positional)
        except TypeError:
            record.fact(f"{name} takes its arguments", value=False)
        else:
            record.fact(f"{name} takes its arguments", value=True)
            record.fact(f"{name} is an Optimizer", isinstance(made, module.Optimizer))
        record.fact(f"{name} has the names of this edition", not renamed(module, name))

    each(spec["classes"], construct, record)


def validation(module, spec, arrays, record):
    """Record what is raised for arguments that cannot be meant."""

    def construct(case):
        name, kwargs, frozen = case["class"], case["kwargs"], case["frozen"]
        params = parameters(arrays, "p")
        for param in params[:frozen]:
            param.requires_grad = False
        record.doing = case["call"]
        try:
            make(module, {"class": name, "kwargs": kwargs}, params)
        except Exception as error:  # noqa: BLE001 - which one it is, is the question
            record.fact(case["call"], type(error).__name__)
        else:
            record.fact(case["call"], "nothing")

    each(spec["cases"], construct, record)


def zero_grad(module, spec, arrays, record):
    """Records what clearing does to gradients, parameters and the count, class by class."""

    def clear(name):
        params = parameters(arrays, "p")
        record.doing = f"{name}(params)"
        optimizer = getattr(module, name)(params)
        for i, p in enumerate(params):
            set_gradient(p, arrays[f"g{i}"], "array")
        before, count = [p.data.copy() for p in params], getattr(optimizer, "step_count", None)
        record.doing = f"{name}.zero_grad()"
        optimizer.zero_grad()
        grads = [p.grad for p in params]
        cleared = sum(is_clear(g) for g in grads) / len(grads)
        record.fact(f"{name} set to None", sum(g is None for g in grads) / len(grads))
        untouched = all(np.array_equal(p.data, b) for p, b in zip(params, before, strict=True))
        record.fact(f"{name} nothing else", untouched and getattr(optimizer, "step_count", None) == count)
        for i, p in enumerate(params):  # the others have none: who stops at the first of these leaves one behind
            p.grad = None
            if i + 1 == len(params):
                set_gradient(p, arrays[f"g{i}"], "array")
        try:
            optimizer.zero_grad()
            cleared = min(cleared, sum(is_clear(p.grad) for p in params) / len(params))
        finally:
            record.fact(f"{name} cleared", cleared)
        optimizer.zero_grad()  # a second time, on gradients that are gone

    each(spec["classes"], clear, record)


def is_clear(grad):
    return grad is None or not np.any(np.asarray(getattr(grad, "data", grad), dtype=float))


def accumulation(module, spec, arrays, record):
    """backward() and step() by a script of actions, on the loss Σ c·θ, whose gradient is c."""
    params = parameters(arrays, "p")
    weights = [Tensor(arrays[name]) for name in numbered(arrays, "c")]
    optimizer = make(module, spec, params)
    note(record, params)
    for number, action in enumerate(spec["actions"], start=1):
        record.doing = f"action {number}, {action}()"
        if action == "backward":
            loss = (params[0] * weights[0]).sum()
            for p, c in zip(params[1:], weights[1:], strict=True):
                loss = loss + (p * c).sum()
            loss.backward()
        else:
            getattr(optimizer, action)()
        if action == "step":
            note(record, params)


# -------------------------------------------------------------------------------------------------------- state
COPIES = 50  # of each parameter, where it is measured what an optimizer keeps


def state_size(module, spec, arrays, record):
    """Record the count of numbers that each optimizer keeps, in units of its parameters, before and after stepping.

    The parameters are large: beside them what a program keeps of indices, sizes or settings is nothing.
    """
    arrays = {name: np.tile(values, (COPIES, *[1] * values.ndim)) for name, values in arrays.items()}

    def size(label):
        setup, params = spec["optimizers"][label], parameters(arrays, "p")
        record.doing = f"{label} before its first step"
        optimizer = make(module, setup, params)
        total = sum(p.data.size for p in params)
        record.fact(f"{label} before", round(held(optimizer, params) / total))
        form = form_for(module, setup)
        for number in (1, 2):
            for i, p in enumerate(params):
                set_gradient(p, arrays[f"g{i}"], form)
            record.doing = f"step() number {number} of {label}"
            optimizer.step()
        record.fact(f"{label} after", round(held(optimizer, params) / total))
        record.fact(f"{label} moved", not np.array_equal(params[0].data, arrays["p0"].astype(np.float32)))

    each(spec["optimizers"], size, record)


def each(names, do, record):
    """Does it for every name: an exception in one is raised when the others have had their turn."""
    raised = []
    for name in names:
        try:
            do(name)
        except Exception as error:  # noqa: BLE001 - raised again below
            raised.append((error, record.doing))
    if raised:
        first, record.doing = raised[0]
        raise first


def held(optimizer, params):
    """Numbers held in arrays that can be reached from the optimizer, its parameters and their gradients aside."""
    handed = [thing for p in params for thing in (p, p.data, p.grad)]
    handed += [p.grad.data for p in params if isinstance(p.grad, Tensor)]
    seen = {id(thing): thing for thing in handed}  # kept, so that no id is given to another thing meanwhile
    todo, count = [vars(optimizer), {k: v for k, v in vars(type(optimizer)).items() if not callable(v)}], 0
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, np.ndarray):
            if thing.base is not None and isinstance(thing.base, np.ndarray):
                todo.append(thing.base)
            elif thing.dtype == object:
                todo += thing.ravel().tolist()
            else:
                count += thing.size * numbers_in(thing.dtype)
        else:
            todo += parts(thing)
    return count


def numbers_in(dtype):
    """Return how many numbers one entry of an array is: two, say, where it has the fields m and v, or is complex."""
    if dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        return numbers_in(inner) * math.prod(shape)
    if dtype.names is not None:
        return sum(numbers_in(dtype[name]) for name in dtype.names)
    return 2 if dtype.kind == "c" else 1


def parts(thing):
    """Return what a thing holds: entries, attributes, slots, what is around a function; no classes, no modules."""
    if isinstance(thing, types.FunctionType):
        return [thing.__closure__, thing.__defaults__, vars(thing)]
    if isinstance(thing, dict):  # of an object's own, the collector sees no values from Python 3.13 on
        whole = "__builtins__" in thing  # all that a module has
        return [] if whole else [*thing.keys(), *thing.values()]
    if isinstance(thing, (type, types.ModuleType)):
        return []
    return gc.get_referents(thing) + ([vars(thing)] if hasattr(thing, "__dict__") else [])


def momentum_state(module, spec, arrays, record):
    """get_momentum_state and set_momentum_state, in runs that are compared with each other.

    "u…" goes on uninterrupted; "p…" had its state taken, and what was returned changed; "s…" and "r…" are resumed from
    that state, and in "r…" the caller changes it afterwards.
    """
    params, form = parameters(arrays, "p"), form_for(module, spec)
    optimizer = make(module, spec, params)
    plain = constructor(module, "SGD")(parameters(arrays, "p"), lr=0.1, momentum=0.0)
    record.fact("has_momentum", optimizer.has_momentum())
    record.fact("has_momentum without", plain.has_momentum())
    record.fact("state without momentum", "None" if plain.get_momentum_state() is None else "something")
    note(record, params)
    for t in range(spec["stop"]):
        step(optimizer, params, arrays, t, form)
    record.doing = "get_momentum_state()"
    state = optimizer.get_momentum_state()
    record.fact("one entry for each parameter", len(state) == len(params))
    kept, saved, count = copy.deepcopy(state), [p.data.copy() for p in params], getattr(optimizer, "step_count", None)
    spoil(state)  # a copy of the buffers may be spoiled without harm
    note(record, params)
    for t in range(spec["stop"], spec["steps"]):
        record.doing = "step() after the returned state was changed"
        step(optimizer, params, arrays, t, form)
        note(record, params)
    uninterrupted(module, spec, arrays, record)
    for name, spoils in (("s", False), ("r", True)):
        again, given = [parameter(values) for values in saved], copy.deepcopy(kept)
        resumed = make(module, spec, again)
        record.doing = "set_momentum_state(state)"
        resumed.set_momentum_state(given)
        with contextlib.suppress(AttributeError):  # some keep it to themselves: the rule then counts from the start
            resumed.step_count = count
        if spoils:
            spoil(given)
        note(record, again, name)
        for t in range(spec["stop"], spec["steps"]):
            record.doing = "step() after set_momentum_state(state)"
            step(resumed, again, arrays, t, form)
            note(record, again, name)
    early(module, spec, arrays, record)


def entries_where_one_rests(module, spec, arrays, form):
    """The number of entries of a state when the first parameter has had no gradient yet."""
    params = parameters(arrays, "p")
    optimizer = make(module, spec, params)
    for i, p in enumerate(params[1:], start=1):
        set_gradient(p, arrays[f"g{i}"][0], form)
    optimizer.step()
    return len(optimizer.get_momentum_state())


def uninterrupted(module, spec, arrays, record):
    params, form = parameters(arrays, "p"), form_for(module, spec)
    optimizer = make(module, spec, params)
    note(record, params, "u")
    for t in range(spec["steps"]):
        record.doing = f"step() number {t + 1}"
        step(optimizer, params, arrays, t, form)
        if t + 1 >= spec["stop"]:
            note(record, params, "u")


def early(module, spec, arrays, record):
    """States without a velocity: taken before the first step, or from an optimizer that never has one."""
    form, ends = form_for(module, spec), []
    record.doing = "set_momentum_state(get_momentum_state()) before the first step"
    plain = constructor(module, "SGD")(parameters(arrays, "p"), lr=0.1)
    plain.set_momentum_state(plain.get_momentum_state())
    for restored in (False, True):
        params = parameters(arrays, "p")
        optimizer = make(module, spec, params)
        if restored:
            optimizer.set_momentum_state(make(module, spec, parameters(arrays, "p")).get_momentum_state())
        for t in range(spec["steps"]):
            step(optimizer, params, arrays, t, form)
        ends.append([p.data for p in params])
    whole = entries_where_one_rests(module, spec, arrays, form) == len(params)
    record.fact("early state", same(*ends) and whole)


def same(these, those):
    return all(np.array_equal(one, other) for one, other in zip(these, those, strict=True))


def step(optimizer, params, arrays, t, form):
    for i, p in enumerate(params):
        set_gradient(p, arrays[f"g{i}"][t], form)
    optimizer.step()


def spoil(state):
    for entry in state:
        array = entry if isinstance(entry, np.ndarray) else getattr(entry, "data", None)
        if isinstance(array, np.ndarray):
            array += 100.0


# ------------------------------------------------------------------------------------------------- it really learns
def training(module, spec, arrays, record):
    """A two-layer network on real data, trained whole-batch through the provided autograd.

    Records the loss after each step, for a picture, and the weights at both ends, from which the marks follow.
    """
    params = parameters(arrays, "p", "float64")
    w1, b1, w2, b2 = params
    inputs, labels = Tensor(arrays["x"]), Tensor(arrays["y"])
    inputs.data, labels.data = arrays["x"], arrays["y"].astype(int)
    optimizer, relu, criterion = make(module, spec, params), ReLU(), CrossEntropyLoss()
    for number in range(spec["steps"] + 1):
        record.doing = f"training step {number}"
        loss = criterion(relu(inputs @ w1 + b1) @ w2 + b2, labels)
        record.row("loss", loss.data.reshape(()))
        if number in (0, spec["steps"]):
            note(record, params)
        if number == spec["steps"]:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def ravine(module, spec, arrays, record):
    """Descends ½ Σ c·θ², steep one way and flat the other: what the contour plot shows."""
    params, curvature = [parameter(arrays["p0"], "float64")], arrays["c"]
    optimizer, form = make(module, spec, params), form_for(module, spec)
    note(record, params)
    for t in range(spec["steps"]):
        set_gradient(params[0], curvature * params[0].data, form)
        record.doing = f"step() number {t + 1}"
        optimizer.step()
        note(record, params)


KINDS = {
    "course": course, "interleaved": interleaved, "pair": pair, "response": response, "life": life, "base": base,
    "signatures": signatures, "validation": validation, "zero_grad": zero_grad, "accumulation": accumulation,
    "state_size": state_size,
    "momentum_state": momentum_state, "training": training, "ravine": ravine,
}  # fmt: skip
