"""A right solution by somebody else."""

import numpy as np


def confusion_matrix(labels, predictions, classes):
    return np.bincount(np.asarray(labels) * classes + predictions, minlength=classes**2).reshape(classes, classes)


def padding_mask(lengths, width):
    return [[position < length for position in range(width)] for length in lengths]


def batches(count, size):
    return [list(range(start, start + size)) for start in range(0, count // size * size, size)]
