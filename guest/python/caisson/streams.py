"""Standard output and standard error of cells: the descriptors 1 and 2, like those of everything else in the process.

The interpreter reads the two from two pipes, first what there is of output, then what there is of errors. So that what was printed
first is told first, errors of this process are written to the pipe of standard output, as pieces with a mark before them. Those of
libraries and of other processes are in the other pipe: where some are there, nobody writes one more before they were read.

Whoever closes a stream, or lets one go that was made over another, takes the output of no later cell away: nothing here is closed.
"""

import fcntl
import io
import os
import select
import struct
import sys
import termios
import threading

_length = struct.Struct("<H")
_nothing = bytes(4)


class Raw(io.RawIOBase):
    def __init__(self, descriptor):
        super().__init__()
        self.descriptor = descriptor
        self.name = {1: "<stdout>", 2: "<stderr>"}[descriptor]

    def writable(self):
        return True

    def fileno(self):
        return self.descriptor

    def isatty(self):
        return False

    def write(self, content):
        return os.write(self.descriptor, content)

    def close(self):
        pass


class Buffer(io.BufferedWriter):
    def close(self):
        self.flush()


class Errors(Raw):
    """Standard error. `out` is the pipe of standard output, `order` a descriptor over which it asks to be read."""

    def __init__(self, descriptor, out, order, mark, before):
        super().__init__(descriptor)
        os.set_inheritable(order, False)
        self.out = out
        self.order = order
        self.mark = mark
        self.most = select.PIPE_BUF - len(mark) - _length.size
        self.before = before
        self.pipe = os.fstat(descriptor).st_ino
        self.process = os.getpid()
        self.lock = threading.Lock()

    def write(self, content):
        if os.getpid() != self.process:
            return super().write(content)
        self.before()
        if os.fstat(self.descriptor).st_ino != self.pipe:
            return super().write(content)
        if fcntl.ioctl(self.descriptor, termios.FIONREAD, _nothing) != _nothing:
            self.ask()
        content = memoryview(content).cast("B")
        for start in range(0, len(content), self.most):
            piece = content[start : start + self.most]
            os.write(self.out, self.mark + _length.pack(len(piece)) + piece)
        return len(content)

    def ask(self):
        with self.lock:
            os.write(self.order, b"?")
            os.read(self.order, 1)


def _make(buffer, **named):
    made = io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace", **named)
    made.mode = "w"
    return made


def _is_detached(stream):
    try:
        return stream.buffer is None
    except ValueError:
        return True


def _flush(*streams):
    for stream in streams:
        try:
            stream.flush()
        except Exception:
            pass  # guest code may have put anything there


class Streams:
    def __init__(self, order, mark):
        self.kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
        self.out_buffer = Buffer(Raw(1))
        self.err_buffer = Errors(2, self.kept[1], order, mark, lambda: _flush(self.out, self.out_buffer))
        self.make()

    def make(self):
        self.out = _make(self.out_buffer, line_buffering=True)
        self.err = _make(self.err_buffer, line_buffering=True)

    def install(self):
        """A run begins: whatever the one before has put in their places is gone."""
        for descriptor, kept in self.kept.items():
            os.dup2(kept, descriptor)
        if _is_detached(self.out) or _is_detached(self.err):
            self.make()
        sys.stdout = sys.__stdout__ = self.out
        sys.stderr = sys.__stderr__ = self.err

    def flush(self):
        _flush(sys.stdout, sys.stderr, self.out, self.err, self.out_buffer)
