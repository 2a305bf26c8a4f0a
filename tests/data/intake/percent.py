# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
"""
# Optimizers

Prose, with a % and a ! in it.
"""

# %% nbgrader={"grade": false, "grade_id": "base", "solution": true}
#| default_exp core.optimizers
#| export
class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

# %% nbgrader={"grade": true, "grade_id": "test-base", "locked": true, "points": 10}
def test_unit_optimizer():
    assert Optimizer([]).step_count == 0

if __name__ == "__main__":
    test_unit_optimizer()
