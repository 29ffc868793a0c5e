"""Calls that were made, and wait for their results while other code runs."""

import asyncio

from caisson import kernel as kernels
from caisson import outside, values
from caisson.tool import give


class Call(asyncio.Future):
    """A call that was made, and waits for its result. To cancel it calls it off."""

    def __init__(self, here, path, text, loop):
        super().__init__(loop=loop)
        self._here = here
        self._key = here.call(path, text, self._settle)

    def _settle(self, outcome):
        if self.done():
            return
        try:
            self.set_result(give(outcome))
        except Exception as error:
            self.set_exception(error)
            self._here.note_rejection(self)

    def cancel(self, msg=None):
        is_cancelled = super().cancel(msg)
        if is_cancelled:
            self._here.cancel(self._key)
        return is_cancelled


def call(path, text):
    """A future of the result. Where there is no loop that the kernel can wake, a thread waits."""
    here = kernels.here()
    if here is not None:
        return Call(here, path, text, here.current_loop())
    loop = asyncio.get_running_loop()
    return asyncio.ensure_future(_decoded(loop.run_in_executor(None, outside.call, path, text)))


async def _decoded(made):
    return values.decode(await made)
