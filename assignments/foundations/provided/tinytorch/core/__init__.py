"""The parts of tinytorch, one module each."""
