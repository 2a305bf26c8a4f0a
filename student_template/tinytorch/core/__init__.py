"""The parts of tinytorch, one file each. Start reading at tensor.py."""
