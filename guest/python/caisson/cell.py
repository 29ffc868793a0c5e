"""One cell: how its source becomes code, how it runs, and how it ends.

C1. The value of a cell is that of its last expression; if that can be awaited, it is.
C2. A cell is over when its code is, and nothing that it has asked for waits. What is thrown ends it at once, and everything that it
    has asked for.
C3. Code without `await` at the top runs outside of event loops, so that it may have its own.
"""

import ast
import asyncio.base_events
import inspect
import itertools
import linecache
import os
import traceback

from caisson import values
from caisson.errors import RunEnded, ToolError

OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
CO_COROUTINE = inspect.CO_COROUTINE
TEXT_MAX = 16_384
FRAMES_MAX = 100
FILES_KEPT = 64
DRAIN_ROUNDS_MAX = 100


class Cell:
    def __init__(self, kernel, loop, namespace, ordinal, source):
        self.kernel = kernel
        self.loop = loop
        self.namespace = namespace
        self.source = source
        self.file = f"run-{ordinal}.py"

    def compile(self):
        """The parts of the cell: statements, and the last expression if it ends with one."""
        linecache.cache[self.file] = (len(self.source), None, self.source.splitlines(keepends=True), self.file)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(self.source, self.file, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        parts = [(tree, "exec")] if tree.body else []
        if last is not None:
            parts.append((ast.Expression(last.value), "eval"))
        return [compile(part, self.file, mode, flags, dont_inherit=True) for part, mode in parts]

    def run(self):
        """The value of the cell."""
        parts = self.compile()
        if any(part.co_flags & CO_COROUTINE for part in parts):
            value = self.loop.run_until_complete(self.loop.create_task(self.run_async(parts)))
        else:
            value = self.run_plain(parts)
        if inspect.isawaitable(value):
            value = self.loop.run_until_complete(_awaited(value))
        self.settle()
        return value

    def run_plain(self, parts):
        value = None
        for part in parts:
            value = eval(part, self.namespace)
        return value

    async def run_async(self, parts):
        value = None
        for part in parts:
            value = eval(part, self.namespace)
            if part.co_flags & CO_COROUTINE:
                value = await value
        return value

    def settle(self):
        """Goes on until nothing waits that the cell has asked for, and everything that can run has run."""
        while True:
            self.drain()
            if not self.kernel.pending:
                return
            done = self.loop.create_future()
            self.kernel.when_settled = lambda: done.done() or done.set_result(None)
            try:
                self.loop.run_until_complete(done)
            finally:
                self.kernel.when_settled = None

    def drain(self, rounds_max=None):
        """Runs what is ready."""
        rounds = 0
        while self.loop._ready and rounds != rounds_max:
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
            rounds += 1

    def cancel(self):
        """Ends the tasks that the cell has begun and that are not over."""
        for task in list(self.kernel.tasks):
            if not task.done():
                task.cancel()
        try:
            self.drain(DRAIN_ROUNDS_MAX)
        except BaseException:
            pass  # the run has its end already


async def _awaited(value):
    return await value


def forget_files(ordinal):
    """Drops the sources of cells of long ago."""
    linecache.cache.pop(f"run-{ordinal - FILES_KEPT}.py", None)


def _is_own(frame):
    return frame.filename.startswith(OWN) or frame.filename.startswith("<frozen ")


def _leads_in(frame):
    """Whether it is of what runs cells: until one is reached, the loop is that as well."""
    return _is_own(frame) or frame.filename == asyncio.base_events.__file__


def _keep_guest_frames(shown, seen):
    if shown is None or id(shown) in seen:
        return
    seen.add(id(shown))
    frames = [frame for frame in itertools.dropwhile(_leads_in, shown.stack) if not _is_own(frame)]
    shown.stack = traceback.StackSummary.from_list(frames[-FRAMES_MAX:])
    for other in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        _keep_guest_frames(other, seen)


def _stack(error):
    try:
        shown = traceback.TracebackException(type(error), error, error.__traceback__)
        _keep_guest_frames(shown, set())
        text = "".join(shown.format())
    except Exception:
        return None
    return text if len(text) <= TEXT_MAX else f"…{text[-TEXT_MAX:]}"


def _line(error, file):
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return lines[-1] if lines else None


def name_of(error):
    if isinstance(error, ToolError) and isinstance(error.name, str) and error.name:
        return error.name[:TEXT_MAX]
    return type(error).__name__[:TEXT_MAX]


def message_of(error):
    if isinstance(error, SyntaxError) and isinstance(error.msg, str):
        return error.msg[:TEXT_MAX]
    return values.message_of(error)[:TEXT_MAX]


def describe(error, file):
    """What is told of an error that ends a run."""
    told = {"name": name_of(error), "message": message_of(error)}
    line = _line(error, file)
    if isinstance(line, int) and line > 0:
        told["line"] = line
        if isinstance(error, SyntaxError) and isinstance(error.offset, int) and error.offset > 0:
            told["column"] = error.offset
    stack = _stack(error)
    if stack is not None:
        told["stack"] = stack
    if isinstance(error, ToolError) and isinstance(error.reason, str):
        told["reason"] = error.reason[:256]
    return told


STALLED = {
    "name": "Error",
    "message": "the run waits for something that cannot happen: no call and no sleep is pending",
    "reason": "Stalled",
}


def describe_end(why):
    return STALLED if why == "stalled" else {"name": "Error", "message": "the run was given up", "reason": "Abandoned"}


__all__ = ["Cell", "RunEnded", "describe", "describe_end", "forget_files", "message_of", "name_of"]
