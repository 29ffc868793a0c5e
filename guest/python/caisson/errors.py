"""What guest code can catch, and what it cannot keep from happening."""


class ToolError(Exception):
    """A call that was refused, or failed. `name` is the kind of error, `reason` the code of a refusal if there is one."""

    def __init__(self, name, message, reason=None):
        super().__init__(message)
        self.name = name
        self.message = message
        self.reason = reason

    def __reduce__(self):
        return (ToolError, (self.name, self.message, self.reason))


ToolError.__module__ = "caisson"


def too_large(message):
    return ToolError("RangeError", message, "TooLarge")


class RunEnded(KeyboardInterrupt):
    """The run is over, whatever its code still does: it was given up, or waits for what cannot happen.

    It is an interruption so that event loops let it through.
    """


RunEnded.__module__ = "caisson"
