"""Limits of one submission in every sandbox: the only place where these numbers stand."""

from dataclasses import replace

from autograder.model import Limits

LIMITS = Limits(
    wall_seconds=60.0,  # from the guest being ready: five times its CPU time, for who sleeps
    cpu_seconds=12,  # the submission's own time decides: 78 scenarios take 0.1 s, the slowest honest hand seen took 1 s
    scenario_seconds=1.0,  # of CPU, one polite interruption: a loop in one optimizer must not cost the others
    memory_bytes=512 * 2**20,  # Python with NumPy needs 40 MB resident, 250 MB of address space
    processes=32,  # in a container; an honest submission needs one
    open_files=64,
    file_bytes=2**20,  # largest file it may write, where it may write at all
    output_bytes=8 * 2**20,  # all frames: 80 scenarios × 10 arrays × 1000 numbers × 8 bytes, rounded up
    log_bytes=64 * 2**10,  # kept of what it prints; a hundred times as much ends the run
    boot_seconds=60.0,  # starting Python and NumPy on a busy machine: ours, not the student's
)
LOG_FLOOD_FACTOR = 100
# Of wall clock, for all runs of one submission: with two boots that fail it stays below what any platform allows.
SUBMISSION_SECONDS = 75.0


def within(limits: Limits, seconds: float) -> Limits:
    """The same limits with no more wall clock than so many seconds."""
    return limits if seconds >= limits.wall_seconds else replace(limits, wall_seconds=seconds)


def rlimits(limits: Limits) -> dict[str, tuple[int, int]]:
    """The kernel's limits for one guest, soft and hard; the harness lowers them first of all."""
    equal = {
        "AS": limits.memory_bytes,
        "FSIZE": limits.file_bytes,
        "NOFILE": limits.open_files,
        "NPROC": limits.processes,  # per uid: where an ordinary user's own count too, a guest may start none
        "CORE": 0,
    }
    # Between the two the guest gets SIGXCPU, which says what happened; SIGKILL is for those who ignore it.
    return {"CPU": (limits.cpu_seconds, limits.cpu_seconds + 1)} | {k: (v, v) for k, v in equal.items()}
