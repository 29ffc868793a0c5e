"""The connection of this process with the interpreter that has started it, and what waits for answers.

K1. The main thread alone uses it. Other threads and other processes call tools over a socket: see `outside`.
K2. The process says that it is idle before it waits, with how many answers it has had: an answer that is under way makes that
    void.
K3. Of a run that is over nothing is asked for, and nothing that it asked for is answered.
"""

import json
import os
import struct
import threading

from caisson.errors import RunEnded

_length = struct.Struct("<I")

# More would be mapped from the kernel for each read, and unmapped again.
READ_BYTES = 65_536


class Link:
    """Messages in both directions: JSON texts, with their lengths before them."""

    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)
        self.descriptor = descriptor
        self.held = bytearray()

    def close(self):
        """In a process that was forked from this one. Where it was closed before, its number may be that of another file."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def send(self, message):
        text = json.dumps(message, ensure_ascii=False)
        try:
            content = text.encode()
        except UnicodeEncodeError:
            content = json.dumps(message).encode()
        content = memoryview(_length.pack(len(content)) + content)
        while content:
            content = content[os.write(self.descriptor, content) :]

    def next(self):
        """A message that has come as a whole, or None."""
        if len(self.held) < _length.size:
            return None
        (length,) = _length.unpack_from(self.held)
        end = _length.size + length
        if len(self.held) < end:
            return None
        message = json.loads(self.held[_length.size : end])
        del self.held[:end]
        return message

    def read(self):
        """Waits for bytes."""
        content = os.read(self.descriptor, READ_BYTES)
        if not content:
            os._exit(0)
        self.held += content

    def receive(self):
        while True:
            message = self.next()
            if message is not None:
                return message
            self.read()


class Kernel:
    def __init__(self, link):
        self.link = link
        self.process = os.getpid()
        self.now_millis = 0
        self.limits = {}
        self.tools = []
        self.pending = {}
        self.made = 0
        self.seen = 0
        self.ended = None
        self.is_running = False
        self.before_idle = lambda: None
        self.take_displays = list

    def is_here(self):
        """Whether this is the thread and the process that may use it."""
        return threading.current_thread() is threading.main_thread() and os.getpid() == self.process

    def begin(self, message):
        self.now_millis = message["nowMillis"]
        self.limits = message["limits"]
        self.tools = message["tools"]
        self.pending = {}
        self.ended = None
        self.is_running = True

    def check(self):
        if self.ended is not None:
            raise RunEnded(self.ended)
        if not self.is_running:
            raise RuntimeError("no run is under way: nothing can be asked for")

    def _add(self, settle):
        self.made += 1
        self.pending[self.made] = settle
        return self.made

    def call(self, path, arguments, settle):
        """Calls a tool with the text of its arguments. `settle` is given the outcome."""
        self.check()
        key = self._add(settle)
        self.link.send({"say": "call", "key": key, "path": path, "arguments": arguments})
        return key

    def sleep(self, due_millis, settle):
        self.check()
        key = self._add(settle)
        self.link.send({"say": "sleep", "key": key, "dueMillis": due_millis})
        return key

    def cancel(self, key):
        if self.pending.pop(key, None) is not None:
            self.link.send({"say": "cancel", "key": key})

    def take(self, message):
        """Hears one message while a run is under way."""
        what = message["do"]
        if what == "answer":
            self.seen += 1
            self.now_millis = max(self.now_millis, message["nowMillis"])
            settle = self.pending.pop(message["key"], None)
            if settle is not None:
                settle(message.get("outcome"))
        elif what == "end":
            self.ended = message["why"]
            raise RunEnded(self.ended)

    def take_all(self):
        """Hears what has come."""
        while (message := self.link.next()) is not None:
            self.take(message)

    def on_readable(self):
        self.link.read()
        self.take_all()

    def say_idle(self, is_exact):
        displays = self.take_displays()
        self.before_idle()
        self.link.send({"say": "idle", "isExact": is_exact, "seen": self.seen, "displays": displays})

    def wait(self, box):
        """Waits until something is in the box: the rest of the process stands still."""
        while not box:
            message = self.link.next()
            if message is None:
                self.say_idle(threading.active_count() == 1)
                message = self.link.receive()
            self.take(message)
        return box[0]


kernel = None
"""Of a process that an interpreter has started; of any other there is none."""


def here():
    """The kernel, where it may be used."""
    return kernel if kernel is not None and kernel.is_here() else None
