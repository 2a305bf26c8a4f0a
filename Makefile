# Each target does its own set-up; nothing but Python 3.11 or newer and make is needed beforehand.
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Hashes pin every file, and wheels only: nothing runs at install. Python compiles what it imports when it first does;
# to compile all of it in advance takes as long as to install it. uv, where it is there, takes a tenth of pip's time.
UV := $(shell command -v uv 2>/dev/null)
INSTALL := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(PIP) install --no-compile) \
	--require-hashes --only-binary :all: -r
# setuptools is in the locks, so the tree itself is installed without asking any index.
TREE := $(PIP) install --no-deps --no-index --no-build-isolation --editable .
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-build \
	--no-emit-index-url --custom-compile-command "make lock"

# Where this is set, each process compiles anew what it imports: half the time of the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo serve test test-all lint bench bench-scale mutants fuzz image platforms docs man template lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/run.stamp ## mark the sample submissions; prints a table and where the HTML reports are
	@$(BIN)/gradmark demo

serve: $(VENV)/run.stamp ## run the service on this machine; prints where, and the operator's sign-in link
	@$(BIN)/gradmark serve $(SERVE)

PYTESTS = $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
# Half of the slow tests' time is spent waiting, for deadlines and containers: more processes than there are cores.
MORE = $$($(BIN)/python -c 'import os; print(1 + 2 * (os.cpu_count() or 1))')

test: $(VENV)/dev.stamp ## run the tests that take no more than a second or two each: minutes in all
	@$(PYTESTS) -m "not slow and not docker and not platforms" $(PYTEST)

OTHERS = slow or docker or platforms
test-all: test ## run every test that this machine can run
	@$(PYTESTS) --numprocesses $(MORE) --durations 20 -m "$(OTHERS)" $(PYTEST)

lint: $(VENV)/dev.stamp ## ruff, codespell, mypy --strict, and the table of import arrows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/test_architecture.py

bench: $(VENV)/dev.stamp ## measure speed and memory, as ratios to importing NumPy
	@$(BIN)/python tests/bench.py

bench-scale: $(VENV)/dev.stamp ## measure what one Postgres carries, with a hundred workers that mark by a recorded report
	@$(BIN)/python tests/bench.py scale

mutants: $(VENV)/dev.stamp ## mark a sample of machine-made mistakes in all hands: all must lose marks, on their rows
	@$(BIN)/python tests/mutants.py
	@$(BIN)/python tests/foundation_mutants.py

fuzz: $(VENV)/dev.stamp ## read a million answers of each family, odd and honest, and any bytes as quizzes (FUZZ=1000000), and run every other family on new draws, and whole
	@NEW_DRAWS=1 $(PYTESTS) -m "not slow and not docker and not platforms" $$(grep -rl "^from hypothesis" tests --include="test_*.py")
	@NEW_DRAWS=1 $(PYTESTS) -m "some or (slow and hypothesis)"
	@NEW_DRAWS=1 FUZZ=$${FUZZ:-1000000} $(BIN)/python -m pytest --numprocesses auto -o faulthandler_timeout=0 tests/test_reading.py

image: $(VENV)/run.stamp ## build the guest image for the docker sandbox
	@$(BIN)/python -m autograder.sandbox.docker build $(IMAGE)

platforms: $(VENV)/dev.stamp ## mark with the real otter-grader and nbgrader, in an environment of their own (0.8 GB)
	@$(BIN)/python -m pytest -m platforms tests/test_otter.py tests/test_nbgrader.py

docs: $(VENV)/docs.stamp ## build the documentation site into build/docs; a broken link fails
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

man: $(VENV)/run.stamp ## write autograder/gradmark.1 anew: the manual page, from the command itself
	@$(BIN)/python -m autograder.manual

template: $(VENV)/run.stamp ## write student_template/ anew: what students of the default variant receive
	@$(BIN)/python -m autograder.regenerate optimizers student_template

lock: $(VENV)/made.stamp ## resolve the dependencies again and write requirements/*.txt
	@$(PIP) install uv
	@$(UV_COMPILE) pyproject.toml --group pyproject.toml:tree $(LOCK) -o requirements/run.txt
	@$(UV_COMPILE) pyproject.toml --extra service --group pyproject.toml:tree -c requirements/run.txt $(LOCK) -o requirements/service.txt
	@$(UV_COMPILE) pyproject.toml --extra service --group pyproject.toml:dev -c requirements/service.txt $(LOCK) -o requirements/dev.txt
	@$(UV_COMPILE) pyproject.toml --extra service --group pyproject.toml:docs -c requirements/dev.txt $(LOCK) -o requirements/docs.txt
	@$(UV_COMPILE) pyproject.toml --group pyproject.toml:tree --group pyproject.toml:platforms -c requirements/run.txt $(LOCK) -o requirements/platforms.txt

clean: ## remove everything that make made
	@rm -rf $(VENV) build dist demo-reports *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp is older than a lock that changed: then, and only then, things are installed again.
$(VENV)/run.stamp: requirements/service.txt pyproject.toml $(VENV)/made.stamp
	@echo "gradmark: installing what it needs into $(VENV)" >&2
	@$(INSTALL) requirements/service.txt
	@$(TREE)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "gradmark: installing what its tests need into $(VENV)" >&2
	@$(INSTALL) requirements/dev.txt
	@touch $@

$(VENV)/docs.stamp: requirements/docs.txt $(VENV)/run.stamp
	@echo "gradmark: installing what its documentation needs into $(VENV)" >&2
	@$(INSTALL) requirements/docs.txt
	@touch $@

# The interpreter under an old .venv may be gone after an upgrade: make a new one then.
ifneq ($(shell $(BIN)/python -c 'print("works")' 2>/dev/null),works)
.PHONY: $(VENV)/made.stamp
endif
$(VENV)/made.stamp:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv --clear $(VENV) && touch $@ && exit 0; exit 1; \
	  fi; \
	done; \
	echo "gradmark needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt install python3-venv)." >&2; \
	echo "Is it somewhere unusual? make PYTHON=/path/to/python3 ..." >&2; exit 1
