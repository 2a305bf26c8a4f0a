"""Forks guests: holds Python, NumPy and the harness, and never reads a submission.

    python -P -s -S preload.py OPTIONS-AS-JSON     (modules.bin, made by sandbox/runtime.py, lies beside it)

Requests come over a socket: a uid, and four descriptors (the guest's three streams and a channel). A child closes all
else, confines itself and becomes the harness. The channel tells the grader how the guest ended; when the grader shuts
its side, or is gone, the guest is killed.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import sys
import traceback

import confine
import harness

STREAMS = 3
MAX_REQUEST = 64


def main(options):
    sys.path.append(options["numpy_path"])
    import numpy.linalg  # noqa: PLC0415 - only now is it on the path
    import numpy.random  # noqa: F401, PLC0415

    confinement = confine.Confinement(options)
    gc.collect()
    gc.freeze()  # what is there stays: a child's collector copies no page of it
    Zygote(socket.socket(fileno=options["control"]), confinement).serve()


class Zygote:
    """The guests that live, by what is waited for: the end of one (a pidfd), or its channel."""

    def __init__(self, control, confinement):
        self.control, self.confinement = control, confinement
        self.pid = os.getpid()
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.ending, self.channels = {}, {}

    def serve(self):
        """Serve until the grader has closed the control socket and the last guest is gone."""
        asked = True
        while asked or self.ending:
            for descriptor, _ in self.poll.poll():
                if descriptor in self.ending:
                    self.bury(descriptor)
                elif descriptor in self.channels:  # nothing ever comes here but its end
                    os.kill(
                        self.channels[descriptor], signal.SIGKILL
                    )  # not yet waited for: the number is still its own
                    self.poll.unregister(descriptor)
                elif descriptor == self.control.fileno():
                    asked = self.answer()

    def answer(self):
        """Start a guest for the next request; False when no more will come."""
        request, descriptors, _, _ = socket.recv_fds(self.control, MAX_REQUEST, STREAMS + 1)
        if not request:
            self.poll.unregister(self.control)
            return False
        *streams, channel = descriptors
        try:
            pid = os.fork()
        except OSError:  # too many processes, or no memory
            os.write(channel, struct.pack(confine.CHANNEL, confine.NEVER_STARTED, 0.0))
            os.close(channel)
        else:
            if pid == 0:
                self.become(streams, channel, int(request))
            process = os.pidfd_open(pid)
            self.ending[process] = pid, channel
            self.channels[channel] = pid
            for descriptor in (process, channel):
                self.poll.register(descriptor, select.POLLIN)
        for descriptor in streams:
            os.close(descriptor)
        return True

    def bury(self, process):
        """Tell how a guest ended."""
        pid, channel = self.ending.pop(process)
        del self.channels[channel]
        _, status, usage = os.wait4(pid, 0)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the grader is gone
            os.write(channel, struct.pack(confine.CHANNEL, status, usage.ru_utime + usage.ru_stime))
        for descriptor in (process, channel):
            with contextlib.suppress(KeyError):  # its channel was shut before
                self.poll.unregister(descriptor)
            os.close(descriptor)

    def become(self, streams, channel, uid):
        """Be the guest, in the child: never returns."""
        try:
            os.setsid()
            for number, descriptor in enumerate(streams):
                os.dup2(descriptor, number)
            for descriptor in (self.control.fileno(), *self.ending, *self.channels, *streams, channel):
                os.close(descriptor)
            sys.modules["numpy.random"].seed()  # its own randomness; the module random sees to itself
            self.confinement.apply(uid, self.pid)
            harness.serve()
        except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a zygote
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
