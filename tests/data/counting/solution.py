"""Three things that count: a confusion matrix, a padding mask, and the batches of a data loader."""

import numpy as np


def confusion_matrix(labels, predictions, classes):
    """(classes, classes) whole numbers: how often class i was taken for class j."""
    # TODO: count
    ### BEGIN SOLUTION
    counts = np.zeros((classes, classes), dtype=int)
    for label, prediction in zip(labels, predictions):
        counts[label, prediction] += 1
    return counts
    ### END SOLUTION


def padding_mask(lengths, width):
    """(sequences, width) truth values: True where a sequence has a token."""
    # TODO: compare positions with lengths
    ### BEGIN SOLUTION
    return np.arange(width) < np.asarray(lengths)[:, None]
    ### END SOLUTION


def batches(count, size):
    """Yield the indices of each batch in order; a last batch that would be smaller is left out."""
    # TODO: yield arrays of `size` indices
    ### BEGIN SOLUTION
    for start in range(0, count - size + 1, size):
        yield np.arange(start, start + size)
    ### END SOLUTION
