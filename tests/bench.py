"""Measures speed and memory side by side in one run, and prints ratios to t0, the time of importing NumPy.

    python tests/bench.py [part ...]     parts: command, class, mixed, docker, diagnosis, service, idle, stored, scale

No wall-clock time is asserted anywhere: machines are noisy, so every figure is measured between runs of t0.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import combinations, islice
from pathlib import Path

import numpy as np

from autograder import intake, pipeline
from autograder.assignment import load
from autograder.model import Assignment, Hypotheses

CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
GRADMARK = [sys.executable, "-m", "autograder"]
CLASS = 200
MISTAKES = 198  # of the class-like mix, half of it wrong


def main(parts: list[str]) -> None:
    chosen = parts or [part for part in PARTS if part != "scale"]  # it has a target of its own
    print(f"{CORES} cores, Python {sys.version.split()[0]}, NumPy {np.__version__}")
    for name in chosen:
        PARTS[name]()


def t0() -> float:
    """Seconds of wall clock to start Python and import NumPy."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "import numpy"], check=True, env=ONE_THREAD)
    return time.perf_counter() - started


def ratio(run: Callable[[], float], times: int = 7) -> tuple[float, float]:
    """Median of run() and its ratio to t0, the two measured in turn."""
    pairs = [(run(), t0()) for _ in range(times + 1)][1:]
    return statistics.median(p[0] for p in pairs), statistics.median(p[0] / p[1] for p in pairs)


def say(what: str, value: float, unit: str, target: float | None = None) -> None:
    aim = f"  (target ≤ {target:g})" if target else ""
    print(f"  {what:<66} {value:8.2f} {unit}{aim}", flush=True)


# -------------------------------------------------------------------------------------------------------- parts
def command() -> None:
    """One submission by the command, cold."""
    solution = str(load("optimizers").model_solution)

    def run() -> float:
        started = time.perf_counter()
        subprocess.run(
            [*GRADMARK, "grade", solution, "--sandbox", "landlock", "--format", "json"],
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - started

    seconds, to_t0 = ratio(run)
    say(f"one submission by the command, landlock, cold ({seconds:.2f} s)", to_t0, "t0", 8)


def class_of_right() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _many(Path(folder), _right(CLASS), "right", 3.5)


def mixed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _many(Path(folder), _mixed(MISTAKES), "class-like mix (half with 1 to 3 misconceptions)", 5)


def _many(folder: Path, sources: list[str], what: str, target: float) -> None:
    for number, source in enumerate(sources):
        (folder / f"s{number:03}").mkdir()
        (folder / f"s{number:03}" / "optimizers.py").write_text(source)
    few = _peak_and_cpu(folder, len(sources) // 5)
    before, all_of_them = [t0() for _ in range(5)], _peak_and_cpu(folder, len(sources))
    unit = statistics.median(before + [t0() for _ in range(5)])
    count = len(sources)
    say(
        f"{count} {what}, landlock, {CORES} jobs: CPU each ({all_of_them[1] / count:.3f} s)",
        all_of_them[1] / count / unit,
        "t0",
        target,
    )
    say("  wall for all", all_of_them[2], "s")
    say(f"  the grader's own peak memory with {count // 5}", few[0], "MB")
    say(f"  the grader's own peak memory with {count}", all_of_them[0], "MB", 300)


def _peak_and_cpu(folder: Path, count: int) -> tuple[float, float, float]:
    """Peak memory (MB) of the grader's own process, CPU seconds of everything it started, wall seconds."""
    paths = [str(path) for path in sorted(folder.iterdir())[:count]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with subprocess.Popen(
        [*GRADMARK, "grade", *paths, "--sandbox", "landlock", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        peak, lines = 0.0, 0
        assert running.stdout is not None
        for line in running.stdout:
            assert json.loads(line)["status"] == "graded"
            lines += 1
            status = Path(f"/proc/{running.pid}/status").read_text()
            peak = max(
                peak, *(int(row.split()[1]) / 1024 for row in status.splitlines() if row.startswith("VmHWM")), 0.0
            )
    assert lines == count
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return peak, cpu, time.perf_counter() - started


def _right(count: int) -> list[str]:
    solution = load("optimizers").model_solution.read_text()
    return [f"{solution}\n# handed in by student {number}\n" for number in range(count)]


def _mixed(count: int) -> list[str]:
    """Half right; the other half with one, two or three misconceptions that can be planted together."""
    assignment, draw = load("optimizers"), np.random.default_rng(0)
    solution, sources = assignment.model_solution.read_text(), _right(count // 2)
    while len(sources) < count:
        wanted = 1 + len(sources) % 3
        source = solution
        try:
            for m in draw.choice(np.array(assignment.misconceptions, dtype=object), wanted, replace=False):
                source = assignment.plant(source, m.id)
        except ValueError:  # two of them want to change the same line
            continue
        sources.append(source)
    return sources


def docker() -> None:
    from autograder.sandbox.docker import DockerSandbox

    assignment = load("optimizers")
    submission = intake.read(assignment.model_solution)
    with DockerSandbox(pool=2) as sandbox:
        pipeline.grade(submission, assignment, sandbox)

        def run() -> float:
            time.sleep(1.5)  # the pool refills in the background
            started = time.perf_counter()
            pipeline.grade(submission, assignment, sandbox)
            return time.perf_counter() - started

        seconds, to_t0 = ratio(run)
    say(f"docker with a warm pool, from bytes to report ({seconds:.3f} s)", to_t0, "t0", 2)


def diagnosis() -> None:
    assignment = load("optimizers")
    scenarios = [s for s in assignment.scenarios(1) if assignment.subject(s) == "Adam"]
    smallest = [s for s in scenarios if s.id in ("adam-first-step", "adam-two-steps", "adam-several")]
    hypotheses = _hypotheses(assignment, 10_000)

    def run() -> float:
        started = time.perf_counter()
        for at in range(0, len(hypotheses), 4096):
            assignment.predict("Adam", smallest, hypotheses.take(slice(at, at + 4096)), frozenset())
        return time.perf_counter() - started

    seconds, to_t0 = ratio(run)
    say(f"ten thousand hypotheses about Adam ({seconds:.3f} s)", to_t0, "t0", 5)


def _hypotheses(assignment: Assignment, count: int) -> Hypotheses:
    known = [m.changes for m in assignment.misconceptions if "Adam" in m.groups and m.unknown is None]
    apart = (
        group
        for group in combinations(range(len(known)), 3)
        if sum(len(known[i]) for i in group) == len({switch for i in group for switch in known[i]})
    )
    groups = np.array(list(islice(apart, count)))
    return Hypotheses(known, groups, np.full(groups.shape, np.nan))


def service() -> None:
    """A class of 500 hands in within a minute, in browsers; everything, the students too, on this machine."""
    from service_load import hand_in_at_once

    seen = hand_in_at_once(_mixed(AT_ONCE), WITHIN_SECONDS)
    say(f"{AT_ONCE} students within {WITHIN_SECONDS} s: lost", seen.lost, "submissions", 0)
    say("    pages meanwhile, median", 1000 * seen.share(0.5), "ms")
    say("    pages meanwhile, 99th percentile", 1000 * seen.share(0.99), "ms", 300)
    say("    from the first one to the last report", seen.marked_at, "s", 120)
    say("    and to the last pictures", seen.drawn_at, "s")
    say("    a student's wait for the report, median", statistics.median(seen.waits), "s")
    say("    a student's wait for the report, longest", max(seen.waits), "s")
    say("    the students' own CPU, which is in all of this", seen.own, "s")


AT_ONCE, WITHIN_SECONDS = 500, 60


def idle() -> None:
    """A service that nobody uses, and the moment in which somebody does."""
    from service_load import begun, idle

    say("a service without work, all its processes, of a core", 100 * idle(60), "%", 0.5)
    took = begun(30)
    say("    a job is begun after it was stored, median", 1000 * statistics.median(took), "ms", 50)
    say("    the longest of 30", 1000 * max(took), "ms")


def scale() -> None:
    """The database under a hundred workers that mark by a recorded report: what it can carry, and what it costs."""
    from scale_load import load as under
    from scale_load import really

    workers, submissions = int(os.environ.get("WORKERS", "100")), int(os.environ.get("SUBMISSIONS", "2000"))
    seen = under(workers, submissions)
    cpu = seen.hand_in.cpu + seen.mark.cpu
    print(
        f"  {workers} workers and one Postgres, all on this machine; {submissions} submissions, marked by a recorded report"
    )
    say("Postgres' own CPU for each submission: handing in", 1000 * seen.hand_in.cpu, "ms")
    say("    marking", 1000 * seen.mark.cpu, "ms")
    say("    so one core of the database carries at most, each hour", 3600 / cpu, "submissions")
    say("    marked here meanwhile, workers included, each hour", 3600 / seen.mark.seconds, "submissions")
    say("transactions of each submission: handing in", seen.hand_in.transactions, "")
    say("    marking", seen.mark.transactions, "", 40)
    say("log of each submission: handing in", seen.hand_in.log / 1000, "kB")
    say("    marking", seen.mark.log / 1000, "kB", 20)
    say("connections of all workers, at most", seen.connections, "", 3 * workers)
    say("all of them without work: Postgres' CPU, of a core", 100 * seen.idle.cpu, "%")
    say("    transactions each second", seen.idle.transactions, "")
    before, marked = [t0() for _ in range(3)], really(_mixed(MARKED))
    unit = statistics.median(before + [t0() for _ in range(3)])
    say(f"a real worker's CPU for each submission of the class-like mix ({marked:.2f} s)", marked / unit, "t0")


MARKED = 50


def stored() -> None:
    """Pages with few and with many submissions stored: their time must not grow."""
    from service_load import with_stored

    for page, (few, many) in with_stored(1_000, 20_000).items():
        say(f"{page}: {1000 * few:.0f} ms with 1000 stored; with 20000 it takes", many / few, "times that", 1.5)


PARTS = {
    "command": command,
    "class": class_of_right,
    "mixed": mixed,
    "docker": docker,
    "diagnosis": diagnosis,
    "service": service,
    "idle": idle,
    "stored": stored,
    "scale": scale,
}

if __name__ == "__main__":
    main(sys.argv[1:])
