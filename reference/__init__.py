"""The right rules: the update rules as pure float64 functions, each from its paper, and the model solution."""
