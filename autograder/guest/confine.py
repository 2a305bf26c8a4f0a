"""Confines a process of ours for good, before it reads a line of a submission: limits, user, files, TCP, system calls.

`Confinement(plan)` prepares once what all guests share; `apply` is called by each of them on itself, after its fork.
The plan comes from sandbox/forking.py; the filter in it was compiled elsewhere (sandbox/compile.py).
"""

import contextlib
import ctypes
import os
import resource
import signal
import stat
import struct

CHANNEL = "<id"  # how the zygote tells the end of a guest: its wait status, and the CPU seconds that it used
NEVER_STARTED = -1  # in place of the status
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture; linux/landlock.h
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
# Each right over files that a version of Landlock knows: what is handled and not granted is refused.
FILE_RIGHTS = {1: 2**13 - 1, 2: 2**14 - 1, 3: 2**15 - 1, 4: 2**15 - 1, 5: 2**16 - 1}
TCP_BIND_AND_CONNECT, ABSTRACT_SOCKETS_AND_SIGNALS = 3, 3  # from versions 4 and 6 on
OWN_PID = 0x5E1FB0D1  # in a filter: stands for the guest's own process id, which is known when it applies the filter
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 1, 22, 38, 2


INSTRUCTION = struct.Struct("<HBBI")  # struct sock_filter: the operation, two jumps, and a constant


class RulesetAttr(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Confinement:
    """The limits, the Landlock domain and the filter of all guests of one sandbox."""

    def __init__(self, plan):
        """Prepare it: `plan` has rlimits, readable (paths), landlock (a version, 0 = none) and filter (hex, "" = none).

        Raises:
            OSError: the kernel refuses.
        """
        self.rlimits = [(getattr(resource, "RLIMIT_" + name), tuple(pair)) for name, pair in plan["rlimits"].items()]
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.ruleset = self._ruleset(plan["landlock"], plan["readable"]) if plan["landlock"] else -1
        self.filter = bytes.fromhex(plan["filter"])

    def apply(self, uid, parent):
        """Confine this process, which dies with its `parent`; a `uid` of 0 keeps the user that it has.

        Raises:
            OSError: the kernel refuses: the process must end, unconfined as it is.
        """
        for name, pair in self.rlimits:
            resource.setrlimit(name, pair)
        if uid:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        self._call(self.libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # here: another uid clears it
        if os.getppid() != parent:
            os._exit(1)
        self._call(self.libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if self.ruleset >= 0:
            self._call(self.libc.syscall, RESTRICT_SELF, self.ruleset, 0)
            os.close(self.ruleset)
        if self.filter:
            code = self._own_filter()
            program = Program(len(code) // INSTRUCTION.size, ctypes.addressof(code))
            self._call(self.libc.prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)

    def _own_filter(self):
        """Return the filter with this process's id in place of OWN_PID."""
        own = (
            INSTRUCTION.pack(*operation, os.getpid() if constant == OWN_PID else constant)
            for *operation, constant in INSTRUCTION.iter_unpack(self.filter)
        )
        return ctypes.create_string_buffer(b"".join(own), len(self.filter))

    def _ruleset(self, version, readable):
        handled = RulesetAttr(FILE_RIGHTS[min(version, 5)], 0, 0)
        size = 8
        if version >= 4:
            handled.net, size = TCP_BIND_AND_CONNECT, 16
        if version >= 6:
            handled.scoped, size = ABSTRACT_SOCKETS_AND_SIGNALS, 24
        ruleset = self._call(self.libc.syscall, CREATE_RULESET, ctypes.byref(handled), size, 0)
        for path in readable:
            with contextlib.suppress(FileNotFoundError):
                self._allow(ruleset, path)
        return ruleset

    def _allow(self, ruleset, path):
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = READ_FILE | READ_DIR if stat.S_ISDIR(os.fstat(parent).st_mode) else READ_FILE
        rule = PathBeneath(rights, parent)
        self._call(self.libc.syscall, ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
        os.close(parent)

    @staticmethod
    def _call(function, *arguments):
        result = function(*arguments)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result
