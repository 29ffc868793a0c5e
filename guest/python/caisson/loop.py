"""Event loops whose clock is the machine's.

E1. Every timer of a loop is a sleep of the run: it can last for days, and the machine can be written down meanwhile.
E2. A loop that has nothing to do says so before it waits. It is exact if nothing but answers can wake it.
"""

import asyncio
import selectors
import threading

from caisson import kernel as kernels

# The descriptors that each loop watches for itself: its own wake-up, and the kernel.
OWN_DESCRIPTORS = 2


class Selector(selectors.DefaultSelector):
    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel
        self.loop = None

    def select(self, timeout=None):
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self.kernel.ended is not None or not self.kernel.is_running:
            self.loop.stop()
            return []
        if self.kernel.link.held:
            before = self.kernel.seen
            self.kernel.take_all()
            if self.kernel.seen != before:
                return []
        is_alone = len(self.get_map()) == OWN_DESCRIPTORS and threading.active_count() == 1
        self.kernel.say_idle(is_alone)
        return super().select(None)


class Timer(asyncio.TimerHandle):
    __slots__ = ("key",)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self, kernel):
        selector = Selector(kernel)
        super().__init__(selector)
        selector.loop = self
        self._kernel = kernel
        self.add_reader(kernel.link.descriptor, kernel.on_readable)
        self.set_exception_handler(kernel.note_exception)
        self.set_task_factory(kernel.make_task)

    def time(self):
        return self._kernel.now_millis / 1000

    def call_at(self, when, callback, *args, context=None):
        if self._kernel.ended is not None or not self._kernel.is_running:
            return self.call_soon(callback, *args, context=context)
        self._check_closed()
        due = round(when * 1000)
        if due <= self._kernel.now_millis:
            return self.call_soon(callback, *args, context=context)
        timer = Timer(when, callback, args, self, context)
        timer.key = self._kernel.sleep(due, lambda outcome: self._ready.append(timer))
        timer._scheduled = True
        return timer

    def _timer_handle_cancelled(self, handle):
        self._kernel.cancel(handle.key)

    def close(self):
        if not self.is_closed() and not self.is_running():
            self.remove_reader(self._kernel.link.descriptor)
        super().close()


class Policy(asyncio.DefaultEventLoopPolicy):
    """Gives such loops to the main thread, and those of the language to all others."""

    def new_event_loop(self):
        here = kernels.here()
        return asyncio.SelectorEventLoop() if here is None else Loop(here)
