"""`tools` and `aio`: calls of any tool by its path.

To know a tool is not to be allowed it: whatever path is called is put to the host, and the host decides.
"""

import functools

from caisson import kernel as kernels
from caisson import outside, values
from caisson.errors import ToolError, too_large


def _limits():
    here = kernels.here()
    return here.limits if here is not None else outside.limits()


def _known():
    here = kernels.here()
    return here.tools if here is not None else outside.tools()


def _arguments_text(path, given, named):
    arguments = [*given, named] if named else list(given)
    longest = _limits()["argumentBytes"]
    try:
        return values.encode(arguments, longest)
    except values.TooLarge:
        raise too_large(f"{path}: longer than {longest} bytes") from None
    except values.TooDeep as error:
        raise ToolError("RangeError", f"{path}: {error}", "TooDeep") from None
    except values.Unsupported as error:
        raise TypeError(f"{path}: {error}") from None


def give(outcome):
    if outcome["_tag"] == "Rejected":
        error = outcome["error"]
        raise ToolError(error["name"], error["message"], error.get("reason"))
    return values.decode(outcome["value"])


def call(path, /, *given, **named):
    """Calls a tool and waits for its result."""
    text = _arguments_text(path, given, named)
    here = kernels.here()
    if here is None:
        return values.decode(outside.call(path, text))
    box = []
    key = here.call(path, text, box.append)
    try:
        return give(here.wait(box))
    finally:
        here.cancel(key)


def call_async(path, /, *given, **named):
    """Calls a tool, and gives a future of its result at once."""
    from caisson import future  # asyncio takes longer to load than most scripts take to run

    return future.call(path, _arguments_text(path, given, named))


def list_tools():
    """The paths of all tools that may be known of."""
    return [tool["path"] for tool in _known()]


def tool_info(path):
    """What may be known of a tool: path, description, input and output. None if there is no such tool."""
    return next((tool for tool in _known() if tool["path"] == path), None)


def _help_text(path):
    known = tool_info(path)
    if known is None:
        below = [tool for tool in list_tools() if tool.startswith(f"{path}.")] if path else list_tools()
        return "\n".join(below) if below else f"there is no tool {path}"
    fields = known["input"].get("properties", {}) if isinstance(known["input"], dict) else {}
    required = known["input"].get("required", []) if isinstance(known["input"], dict) else []
    lines = [f"{path}({', '.join(fields)})", "", known["description"].strip()]
    for name, schema in fields.items():
        kind = schema.get("type", "any") if isinstance(schema, dict) else "any"
        words = f": {schema['description']}" if isinstance(schema, dict) and "description" in schema else ""
        lines.append(f"  {name} ({kind}{', required' if name in required else ''}){words}")
    return "\n".join(lines)


class Path:
    # A path, which can be gone on with by a dot, and called. Its documentation is that of the tool, which is what `help` tells.
    __doc__ = property(lambda path: _help_text(path._path))
    __slots__ = ("_path", "_make")

    def __init__(self, path, make):
        self._path = path
        self._make = make

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name):
        if not isinstance(name, str):
            raise TypeError("the name of a tool is a text")
        return Path(f"{self._path}.{name}", self._make)

    def __call__(self, *given, **named):
        return self._make(self._path, *given, **named)

    def __dir__(self):
        start = f"{self._path}."
        return sorted({path[len(start) :].split(".")[0] for path in list_tools() if path.startswith(start)})

    def __repr__(self):
        return f"<tool {self._path}>"


def _root_help(root):
    name = root._name
    given = "gives a future at once" if isinstance(root, Aio) else "waits"
    lines = [
        f"{name}.PATH(...) calls a tool and {given}. What there is:",
        "",
        *(list_tools() or ["no tools"]),
    ]
    return "\n".join(lines)


class Root:
    # All tools.
    __slots__ = ("_name", "_make")

    def __init__(self, name, make):
        self._name = name
        self._make = make

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Path(name, self._make)

    def __getitem__(self, name):
        if not isinstance(name, str):
            raise TypeError("the name of a tool is a text")
        return Path(name, self._make)

    def __call__(self, *_given, **_named):
        raise TypeError(f"{self._name} is not a tool: call one by its path, as {self._name}.mail.send(...)")

    def __dir__(self):
        return sorted({path.split(".")[0] for path in list_tools()} | {"list", "help"})

    def __repr__(self):
        return f"<{self._name}: {', '.join(list_tools())}>"


def _is_known(name):
    return any(path == name or path.startswith(f"{name}.") for path in list_tools())


class Tools(Root):
    __doc__ = property(_root_help)
    __slots__ = ()

    def __getattr__(self, name):
        if name in ("list", "help") and not _is_known(name):
            return list_tools if name == "list" else functools.partial(_print_help)
        return super().__getattr__(name)


def _print_help(path=""):
    print(_help_text(path))


tools = Tools("tools", call)


class Aio(Root):
    __doc__ = property(_root_help)
    __slots__ = ()

    @property
    def sleep(self):
        return Path("sleep", self._make) if _is_known("sleep") else sleep_async


async def sleep_async(seconds):
    """Waits on the virtual clock."""
    import asyncio

    await asyncio.sleep(seconds)


aio = Aio("aio", call_async)
