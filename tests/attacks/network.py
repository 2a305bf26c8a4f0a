# expect: finished
# after: yes
"""Sockets of every kind, to listeners that really listen on the host."""

import socket

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    tries = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", told["port"])),
        "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", told["port"])),
        "metadata": (socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", told["port"])),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM, told["socket"]),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + told["abstract"]),
        "docker": (socket.AF_UNIX, socket.SOCK_STREAM, "/var/run/docker.sock"),
        "docker2": (socket.AF_UNIX, socket.SOCK_STREAM, "/run/docker.sock"),
    }
    for name, (family, kind, address) in tries.items():
        try:
            with socket.socket(family, kind) as one:
                one.settimeout(0.1)
                one.connect(address)
                one.send(b"hello")
            if name != "udp" or reachable():
                breaches.append(name)
        except OSError:
            pass
    for kind in (socket.SOCK_RAW,):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
            breaches.append("raw")
        except OSError:
            pass
    return x


def reachable():
    """Without a network a datagram to oneself goes nowhere anyway."""
    try:
        return len(socket.if_nameindex()) > 1
    except OSError:
        return False
