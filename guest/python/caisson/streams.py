"""Standard output and standard error of cells: the descriptors 1 and 2, like those of everything else in the process.

The interpreter reads the two from two pipes. So that what was printed first is read first, it is asked to read what there is
before the other one is written to.
"""

import io
import os
import sys
import threading


class Order:
    """Which of the two was written to last."""

    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)
        self.descriptor = descriptor
        self.process = os.getpid()
        self.lock = threading.RLock()
        self.last = None

    def turn_to(self, raw):
        if self.last is raw or os.getpid() != self.process:
            return
        if self.last is not None:
            self.last.flush_text()
            os.write(self.descriptor, b"?")
            os.read(self.descriptor, 1)
        self.last = raw

    def forget(self):
        """Whatever is written next comes after everything that was."""
        self.last = None


class Raw(io.RawIOBase):
    def __init__(self, descriptor, order):
        super().__init__()
        self.descriptor = descriptor
        self.order = order
        self.text = None

    def writable(self):
        return True

    def fileno(self):
        return self.descriptor

    def isatty(self):
        return False

    def flush_text(self):
        if self.text is not None and self.text.buffer.raw is self:
            self.text.flush()

    def write(self, content):
        with self.order.lock:
            self.order.turn_to(self)
            return os.write(self.descriptor, content)


def _make(descriptor, order, name):
    raw = Raw(descriptor, order)
    text = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True)
    text.mode = "w"
    raw.text = text
    return text


class Streams:
    def __init__(self, order_descriptor):
        self.order = Order(order_descriptor)
        self.out = _make(1, self.order, "<stdout>")
        self.err = _make(2, self.order, "<stderr>")

    def install(self):
        """A run begins: whatever the one before has put in their places is gone."""
        sys.stdout = sys.__stdout__ = self.out
        sys.stderr = sys.__stderr__ = self.err
        self.order.forget()

    def flush(self):
        for stream in (sys.stdout, sys.stderr, self.out, self.err):
            try:
                stream.flush()
            except Exception:
                pass  # guest code may have put anything there
        self.order.forget()
