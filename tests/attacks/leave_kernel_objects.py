# expect: finished
"""Leaves shared memory, semaphores, queues, keys and a name among the abstract sockets."""

import ctypes
import socket

breaches = []
KEY = 0x67726164
libc = ctypes.CDLL(None, use_errno=True)


def step(x):
    return 0.9 * x


def attack(x):
    libc.shmget(KEY, 4096, 0o1666)
    libc.semget(KEY, 1, 0o1666)
    libc.msgget(KEY, 0o1666)
    libc.syscall(248, b"user", b"gradmark-left", b"left", 4, -4)  # add_key to the user's keyring
    libc.syscall(240, b"gradmark-left", 0o102, 0o666, 0)  # mq_open
    try:
        held = socket.socket(socket.AF_UNIX)
        held.bind("\0gradmark-left")
    except OSError:
        pass
    return x


def look(x):
    found = {
        "shm": libc.shmget(KEY, 0, 0),
        "sem": libc.semget(KEY, 0, 0),
        "msg": libc.msgget(KEY, 0),
        "key": libc.syscall(249, b"user", b"gradmark-left", 0, 0),  # request_key
        "queue": libc.syscall(240, b"gradmark-left", 0, 0, 0),
    }
    breaches.extend(name for name, number in found.items() if number >= 0)
    try:
        socket.socket(socket.AF_UNIX).connect("\0gradmark-left")
        breaches.append("abstract socket")
    except OSError:
        pass
    return x
