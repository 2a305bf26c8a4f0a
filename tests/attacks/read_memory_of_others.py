# expect: finished
# after: yes
"""Reads the grader's memory, where the canary is, by address."""

import ctypes
import os

breaches = []


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def step(x):
    return 0.9 * x


def attack(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in {told["pid"], os.getppid()}:
        target = ctypes.create_string_buffer(100)
        here = Piece(ctypes.addressof(target), 100)
        there = Piece(told["address"], 100)
        if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
            breaches.append(f"memory of {pid}: {target.raw!r}")
        try:
            with open(f"/proc/{pid}/mem", "rb") as file:
                file.seek(told["address"])
                breaches.append(f"memory of {pid}: {file.read(100)!r}")
        except OSError:
            pass
    return x
