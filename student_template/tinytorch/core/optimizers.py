"""tinytorch.core.optimizers is what you write in optimizers.py, beside the folder tinytorch: this file only takes you there."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

yours = Path(__file__).resolve().parents[2] / "optimizers.py"
if not yours.exists():
    raise ModuleNotFoundError(f"There is no {yours}: write your solution there.", name=__name__)
spec = spec_from_file_location(__name__, yours)
module = module_from_spec(spec)
sys.modules[__name__] = module  # from here on, whoever imports this file gets yours
try:
    spec.loader.exec_module(module)
except BaseException:
    sys.modules.pop(__name__, None)
    raise
