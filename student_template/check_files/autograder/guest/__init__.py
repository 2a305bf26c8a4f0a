"""Code that runs inside the sandbox, beside the student's: standard library and NumPy only."""
