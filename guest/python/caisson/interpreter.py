"""The process that runs cells of Python for an interpreter, and keeps their variables from run to run.

    python3 -m caisson.interpreter CONTROL ORDER MARK [MODULE...]

CONTROL and ORDER are the numbers of inherited descriptors; MARK is what errors have before them, as hexadecimal digits. The modules
are loaded before anything else, where they are there.
"""

import asyncio
import gc
import importlib
import os
import random
import sys
import traceback
import types
import weakref
import zlib

from caisson import kernel as kernels
from caisson import values
from caisson.cell import Cell, RunEnded, describe, describe_end, forget_files, message_of, name_of
from caisson.display import display, save_figures, show_last, shown
from caisson.errors import ToolError
from caisson.kernel import Kernel, Link
from caisson.loop import Policy
from caisson.streams import Streams
from caisson.tool import aio, tools


class PythonKernel(Kernel):
    """A kernel with event loops, which notes what nobody handles."""

    def __init__(self, link, streams):
        super().__init__(link)
        self.streams = streams
        self.before_idle = streams.flush
        self.take_displays = shown.take
        self.rejected = []
        self.failed_tasks = []
        self.tasks = weakref.WeakSet()
        self.when_settled = None
        self.loop = None

    def begin(self, message):
        super().begin(message)
        self.rejected = []
        self.failed_tasks = []
        self.tasks = weakref.WeakSet()

    def current_loop(self):
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            return self.loop

    def take(self, message):
        super().take(message)
        if not self.pending and self.when_settled is not None:
            self.when_settled()

    def cancel(self, key):
        super().cancel(key)
        if not self.pending and self.when_settled is not None:
            self.when_settled()

    def note_rejection(self, future):
        self.rejected.append(future)

    def make_task(self, loop, coroutine, **named):
        task = asyncio.Task(coroutine, loop=loop, **named)
        task.add_done_callback(self.note_task)
        self.tasks.add(task)
        return task

    def note_task(self, task):
        if not task.cancelled() and task._exception is not None:
            self.failed_tasks.append(task)

    def note_exception(self, loop, context):
        """What a callback throws is told. Of what nobody has looked at, `sweep` tells."""
        if "future" not in context and "task" not in context and context.get("exception") is not None:
            self.tell_unhandled(context["exception"])

    def tell_unhandled(self, error):
        if not isinstance(error, (RunEnded, asyncio.CancelledError)):
            print(f"unhandled rejection: {name_of(error)}: {message_of(error)}", file=sys.stderr)

    def sweep(self):
        """Tells of errors of calls and tasks that nobody has looked at, and forgets them."""
        told = set()
        for future in [*self.rejected, *self.failed_tasks]:
            if not future._log_traceback:
                continue
            future._log_traceback = False
            if id(future._exception) not in told:
                told.add(id(future._exception))
                self.tell_unhandled(future._exception)
        self.rejected = []
        self.failed_tasks = []


class Interpreter:
    def __init__(self, kernel):
        self.kernel = kernel
        self.module = types.ModuleType("__main__")
        self.module.__dict__.update(tools=tools, aio=aio, display=display, ToolError=ToolError, __builtins__=__builtins__)
        sys.modules["__main__"] = self.module

    def seed(self, text):
        random.seed(text)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(zlib.crc32(text.encode()))

    def run(self, message):
        """Runs a cell, and says how it ended."""
        kernel = self.kernel
        kernel.begin(message)
        kernel.streams.install()
        asyncio.set_event_loop(kernel.loop)
        cell = Cell(kernel, kernel.loop, self.module.__dict__, message["ordinal"], message["source"])
        forget_files(message["ordinal"])
        said = self.outcome(cell)
        kernel.is_running = False
        if "error" in said:
            cell.cancel()
        kernel.pending = {}
        kernel.sweep()
        save_figures()
        displays = shown.take()
        kernel.streams.flush()
        kernel.link.send({"say": "done", **said, "displays": displays})

    def outcome(self, cell):
        try:
            value = cell.run()
            self.end_copy(None)
            show_last(value)
            return {"value": self.text(value)}
        except BaseException as error:
            self.end_copy(error)
            if self.kernel.ended is not None:
                return {"error": describe_end(self.kernel.ended)}
            if isinstance(error, SystemExit) and error.code in (None, 0):
                return {"value": "null"}
            return {"error": describe(error, cell.file)}

    def end_copy(self, error):
        """Ends a process that a cell has forked where the cell ends in it: the run goes on in the process that it was forked from."""
        if os.getpid() == self.kernel.process:
            return
        if error is not None and not isinstance(error, SystemExit):
            traceback.print_exception(error)
        code = error.code if isinstance(error, SystemExit) else error is not None
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
        self.kernel.streams.flush()
        os._exit((code or 0) & 0xFF)

    def text(self, value):
        longest = self.kernel.limits["resultBytes"]
        try:
            return self.whole_text(value, longest)
        except values.TooLarge:
            pass
        try:
            return values.shorten(value, longest)
        except values.TooLarge:
            raise ToolError("RangeError", f"the result: longer than {longest} bytes", "TooLarge") from None

    def whole_text(self, value, longest):
        try:
            return values.encode(value, longest, describes=True)
        except (ToolError, MemoryError, values.TooLarge):
            raise
        except Exception:
            return values.encode(values.Opaque(values.describe(value)), longest)

    def serve(self):
        while True:
            message = self.kernel.link.receive()
            if message["do"] == "prepare":
                self.seed(message["seed"])
                self.kernel.link.send({"say": "prepared"})
            elif message["do"] == "start":
                self.run(message)
            elif message["do"] == "answer":
                self.kernel.seen += 1


def leave():
    """In a process that was forked from this one: tools are called over the socket."""
    kernels.kernel.link.close()
    kernels.kernel.pending = {}


def main():
    control, order, mark, *modules = sys.argv[1:]
    streams = Streams(int(order), bytes.fromhex(mark))
    streams.install()
    kernel = PythonKernel(Link(int(control)), streams)
    kernels.kernel = kernel
    os.register_at_fork(after_in_child=leave)
    asyncio.set_event_loop_policy(Policy())
    kernel.loop = asyncio.new_event_loop()
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"{name} is not loaded: {error}", file=sys.stderr)
    sys.argv[:] = [""]
    gc.collect()
    gc.freeze()
    kernel.link.send({"say": "ready"})
    Interpreter(kernel).serve()


if __name__ == "__main__":
    main()
