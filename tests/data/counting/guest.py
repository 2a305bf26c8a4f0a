"""Drives a submission through one scenario, inside the sandbox, and records what it did."""


def play(module, spec, arrays, record):
    """Call the one function that the scenario is about; a row is a row of its result, or a batch."""
    name = spec["function"]
    record.doing = f"{name}(…)"
    whole = {key: array.astype(int) for key, array in arrays.items()}
    if name == "confusion_matrix":
        result = module.confusion_matrix(whole["labels"], whole["predictions"], spec["classes"])
    elif name == "padding_mask":
        result = module.padding_mask(whole["lengths"], spec["width"])
    else:
        result = module.batches(spec["count"], spec["size"])
    for row in result:
        record.row("result", row)
