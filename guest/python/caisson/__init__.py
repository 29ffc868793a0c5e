"""Tools of the host, for code that runs in a sealed machine.

    from caisson import tools, aio, ToolError

    charge = tools.stripe.charges.create(amount=500)          # waits
    first, second = await asyncio.gather(aio.a.b(1), aio.a.b(2))   # both are under way at the same time

Named arguments are one object, positional ones are a list of arguments. A call that is refused or fails raises a `ToolError`
with `name`, `message` and `reason`. `aio` gives a future at once; to cancel it, or the task that awaits it, calls the call off.

`now()` is the clock of the machine: it stands still while code runs. `sleep(seconds)` and `await aio.sleep(seconds)` wait on that
clock, for days if need be, and so do `asyncio.sleep` and the timeouts of asyncio. `time.time()` is the clock of the kernel.
"""

from caisson import kernel as _kernels
from caisson import outside as _outside
from caisson.display import display, set_figure_format
from caisson.errors import ToolError
from caisson.tool import aio, list_tools, tool_info, tools
from caisson.values import Opaque


def now():
    """The time of the machine's clock in seconds since the epoch."""
    here = _kernels.here()
    return (here.now_millis if here is not None else _outside.now_millis()) / 1000


def sleep(seconds):
    """Waits on the machine's clock: the machine may be written down meanwhile."""
    here = _kernels.here()
    if here is None:
        _outside.sleep(seconds)
        return
    box = []
    key = here.sleep(here.now_millis + max(0, round(seconds * 1000)), lambda outcome: box.append(True))
    try:
        here.wait(box)
    finally:
        here.cancel(key)


__all__ = [
    "Opaque",
    "ToolError",
    "aio",
    "display",
    "list_tools",
    "now",
    "set_figure_format",
    "sleep",
    "tool_info",
    "tools",
]
