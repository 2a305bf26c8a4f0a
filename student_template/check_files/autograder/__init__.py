"""gradmark: marks implementations of optimizers by what they did, and names the idea that went wrong."""

__version__ = "0.2.0"
