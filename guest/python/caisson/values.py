"""Texts of values, as they cross the edge of a guest.

A text is JSON, and most values are what they are in JSON. What JSON cannot say is an object with the one key "$" and a list: a
name and what it needs, such as {"$": ["Date", 0]}. The host's side has the whole table.

V1. A text is given up as soon as it is longer than it may be. Parts that are made only to be written are made of what may fit.
V2. What has no text is refused in arguments of calls, with its place. In the value of a run its description stands for it, and for
    a value whose text is too long one with a mark, so that no value fails a run that leaves room for a mark.
"""

import array
import base64
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import json
import math
import os
import re
import struct
import sys
import uuid

from caisson import dates

DEPTH_MAX = 512
DIGITS_MAX = 100_000
BITS_MAX = math.ceil(DIGITS_MAX * math.log2(10))  # of one digit more at most
SAFE_MAX = 2**53 - 1
DESCRIPTION_MAX = 4_096
STEPS_SHOWN = 8


class Opaque:
    """Stands for something that could not cross, such as a function of JavaScript."""

    def __init__(self, description):
        self.description = description

    def __repr__(self):
        return self.description

    def __eq__(self, other):
        return isinstance(other, Opaque) and other.description == self.description

    def __hash__(self):
        return hash(self.description)


class TooLarge(Exception):
    """The text is longer than it may be."""


class Unsupported(TypeError):
    """The value has no text."""


class TooDeep(Exception):
    """The value has more levels than a text may have."""


_surrogates = re.compile("[\ud800-\udfff]")


def quote(text):
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isascii():
        return quoted
    return _surrogates.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def describe(value):
    """A short text for something that has none."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    return text[:DESCRIPTION_MAX]


_array_names = {
    "b": "Int8Array",
    "B": "Uint8Array",
    "h": "Int16Array",
    "H": "Uint16Array",
    "i": "Int32Array",
    "I": "Uint32Array",
    "f": "Float32Array",
    "d": "Float64Array",
}
_array_codes = {name: code for code, name in _array_names.items()} | {"BigInt64Array": "q", "BigUint64Array": "Q"}
_bytes_names = {"Uint8Array", "Uint8ClampedArray", "ArrayBuffer", "DataView"}


class Writer:
    """Writes one value. `describes` says whether what has no text is described rather than refused."""

    def __init__(self, longest, describes=False):
        self.room = longest
        self.describes = describes
        self.parts = []
        self.path = []
        self.open = set()

    def put(self, text):
        # A character has at least one byte in UTF-8.
        self.room -= len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self.room < 0:
            raise TooLarge
        self.parts.append(text)

    def tag(self, name, payload):
        self.put(f'{{"$":["{name}",{payload}]}}')

    def refuse(self, value, what):
        if self.describes:
            self.tag("Opaque", quote(describe(value)))
            return
        steps = "".join(f"[{quote(str(step))}]" if isinstance(step, str) else f"[{step}]" for step in self.path[-STEPS_SHOWN:])
        raise Unsupported(what + (f" at {steps}" if steps else ""))

    def value(self, value):
        kind = type(value)
        if value is None:
            self.put("null")
        elif kind is str:
            self.put(quote(value))
        elif kind is bool:
            self.put("true" if value else "false")
        elif kind is int:
            self.integer(value)
        elif kind is float:
            self.number(value)
        else:
            self.other(value)

    def integer(self, value):
        if -SAFE_MAX <= value <= SAFE_MAX:
            self.put(str(value))
            return
        if value.bit_length() > BITS_MAX:
            self.refuse(value, f"an integer of more than {DIGITS_MAX} digits cannot be passed")
            return
        digits = str(value)
        if len(digits) > DIGITS_MAX:
            self.refuse(value, f"an integer of more than {DIGITS_MAX} digits cannot be passed")
        else:
            self.tag("BigInt", f'"{digits}"')

    def number(self, value):
        if math.isnan(value):
            self.tag("Number", '"NaN"')
        elif math.isinf(value):
            self.tag("Number", '"Infinity"' if value > 0 else '"-Infinity"')
        elif value == 0 and math.copysign(1, value) < 0:
            self.tag("Number", '"-0"')
        elif value.is_integer() and abs(value) <= SAFE_MAX:
            self.put(str(int(value)))
        else:
            self.put(repr(value))

    def expect(self, count):
        """Gives up where so many parts cannot fit: each has a character, and one between it and the next."""
        if 2 * count > self.room:
            raise TooLarge

    def other(self, value):
        """What is none of the simplest, and instances of classes derived from them."""
        if isinstance(value, enum.Enum):
            self.value(value.value)
        elif isinstance(value, str):
            self.put(quote(str.__str__(value)))
        elif isinstance(value, int):
            self.integer(int(value))
        elif isinstance(value, float):
            self.number(float(value))
        elif isinstance(value, (bytes, bytearray, memoryview)):
            self.bytes("Uint8Array", bytes(value))
        elif isinstance(value, datetime.datetime):
            self.date(value)
        elif isinstance(value, (datetime.date, datetime.time)):
            self.put(quote(value.isoformat()))
        elif isinstance(value, datetime.timedelta):
            self.put(quote(dates.duration(value)))
        elif isinstance(value, BaseException):
            self.error(value)
        elif isinstance(value, Opaque):
            self.tag("Opaque", quote(value.description[:DESCRIPTION_MAX]))
        elif isinstance(value, (decimal.Decimal, uuid.UUID)):
            self.put(quote(str(value)))
        elif isinstance(value, os.PathLike):
            self.put(quote(os.fsdecode(os.fspath(value))))
        elif isinstance(value, array.array) and value.typecode in _array_names:
            self.bytes(_array_names[value.typecode], value.tobytes())
        else:
            self.container(value)

    def container(self, value):
        """What holds others. It is open while they are written: a value that holds itself has no text."""
        write = self.writer_of(value)
        if write is None:
            self.refuse(value, f"a {type(value).__name__} cannot be passed")
            return
        if id(value) in self.open:
            self.refuse(Opaque("[Circular]"), "the value contains itself")
            return
        if len(self.open) >= DEPTH_MAX - (1 if self.describes else 0):
            if not self.describes:
                raise TooDeep(f"more than {DEPTH_MAX} levels of nesting")
            self.tag("Opaque", quote(f"[{type(value).__name__}]"))
            return
        self.open.add(id(value))
        write(value)
        self.open.discard(id(value))

    def writer_of(self, value):
        if isinstance(value, (list, tuple, collections.deque, range)):
            return self.items
        if isinstance(value, dict):
            return self.mapping
        if isinstance(value, (set, frozenset)):
            return lambda value: self.wrapped("Set", lambda: self.items(list(value)))
        if isinstance(value, array.array):
            return lambda value: self.items(value.tolist())
        if isinstance(value, type):
            return None
        if isinstance(value, (collections.abc.KeysView, collections.abc.ValuesView, collections.abc.ItemsView)):
            return lambda value: self.items(list(value))
        if isinstance(value, collections.abc.Mapping):
            return lambda value: self.mapping(dict(value))
        if dataclasses.is_dataclass(value):
            return lambda value: self.mapping(
                {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            )
        return self.foreign(value)

    def foreign(self, value):
        """Values of numpy and pandas, if those are loaded: nobody has one otherwise."""
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.generic):
            return self.scalar
        if numpy is not None and isinstance(value, numpy.ndarray):
            return self.ndarray
        pandas = sys.modules.get("pandas")
        if pandas is None or not hasattr(pandas, "DataFrame"):
            return None
        if isinstance(value, pandas.DataFrame):
            return self.table
        if isinstance(value, pandas.Series):
            return self.series
        if isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionArray)):
            return self.items
        if isinstance(value, pandas.Period):
            return lambda value: self.put(quote(str(value)))
        if value is pandas.NA:
            return lambda value: self.put("null")
        return None

    def table(self, value):
        self.expect(len(value.columns) + len(value.index) + value.size)
        rows = [list(row) for row in value.itertuples(index=False, name=None)]
        self.mapping({"columns": list(value.columns), "index": list(value.index), "data": rows})

    def series(self, value):
        self.expect(2 * value.size)
        self.mapping({"name": value.name, "index": list(value.index), "data": value.tolist()})

    def ndarray(self, value):
        self.expect(value.size)
        if value.ndim == 0:
            self.value(value[()])
        elif value.dtype.names is not None or dates.is_kind_of_date(value.dtype):
            self.items(value)
        else:
            self.items(value.tolist())

    def scalar(self, value):
        if value.dtype.names is not None:
            self.items([value[name] for name in value.dtype.names])
            return
        is_date = dates.is_kind_of_date(value.dtype)
        item = dates.from_numpy(sys.modules["numpy"], value) if is_date else value.item()
        if type(item) is type(value) or isinstance(item, complex) or (is_date and isinstance(item, int)):
            self.refuse(value, f"a {type(value).__name__} cannot be passed")
        else:
            self.value(item)

    def wrapped(self, name, write):
        self.put(f'{{"$":["{name}",')
        write()
        self.put("]}")

    def items(self, items):
        self.put("[")
        for index, item in enumerate(items):
            if index > 0:
                self.put(",")
            self.path.append(index)
            self.value(item)
            self.path.pop()
        self.put("]")

    def mapping(self, value):
        items = list(value.items())
        if not all(isinstance(key, str) for key, _ in items):
            self.wrapped("Map", lambda: self.items(items))
            return
        if "$" in value:
            self.wrapped("Object", lambda: self.items([(key, item) for key, item in items if key != "__proto__"]))
            return
        self.put("{")
        isFirst = True
        for key, item in items:
            if key == "__proto__":
                continue
            self.put(quote(str(key)) + ":" if isFirst else "," + quote(str(key)) + ":")
            isFirst = False
            self.path.append(key)
            self.value(item)
            self.path.pop()
        self.put("}")

    def bytes(self, name, value):
        if len(value) > self.room:
            raise TooLarge
        self.tag(name, f'"{base64.b64encode(value).decode()}"')

    def date(self, value):
        if value != value:  # what pandas has in place of a date that is none
            self.put("null")
            return
        millis = dates.millis_of(value)
        if millis is None:
            self.refuse(value, f"a {type(value).__name__} of that year cannot be passed")
        else:
            self.tag("Date", str(millis))

    def error(self, value):
        name = getattr(value, "name", None) if hasattr(value, "reason") else None
        name = name if isinstance(name, str) and name else type(value).__name__
        self.tag("Error", f'{{"name":{quote(name)},"message":{quote(message_of(value)[:DESCRIPTION_MAX])}}}')


def message_of(error):
    try:
        return str(error)
    except Exception:
        return ""


def _with_room(work):
    """Does it with room for as many calls as the deepest value takes, and for as many digits as the longest integer has."""
    depth, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    sys.setrecursionlimit(depth + 8 * DEPTH_MAX)
    sys.set_int_max_str_digits(DIGITS_MAX + 1)
    try:
        return work()
    finally:
        sys.setrecursionlimit(depth)
        sys.set_int_max_str_digits(digits)


def encode(value, longest, describes=False):
    """The text of a value, of at most so many bytes in UTF-8."""
    writer = Writer(longest, describes)
    _with_room(lambda: writer.value(value))
    return "".join(writer.parts)


def shorten(value, longest):
    """A text that stands for a value whose own has more than so many bytes."""
    mark = f"… [longer than {longest} bytes]"
    described = describe(value)[: DESCRIPTION_MAX - len(mark)]
    while True:
        try:
            return encode(Opaque(described + mark), longest)
        except TooLarge:
            if not described:
                raise
            described = described[: len(described) // 2]


def _integer(digits):
    if len(digits) < 16:
        return int(digits)
    number = int(digits) if len(digits) < 20 else 0
    return number if 0 < abs(number) <= SAFE_MAX else float(digits)


_numbers = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}


def _hashable(items):
    try:
        return set(items)
    except TypeError:
        return items


def _pairs(pairs):
    try:
        return dict(pairs)
    except TypeError:
        return [tuple(pair) for pair in pairs]


def _error(payload):
    from caisson.errors import ToolError

    return ToolError(payload["name"], payload["message"])


def _view(name, payload):
    content = base64.b64decode(payload, validate=True)
    if name in _bytes_names:
        return content
    if name == "Float16Array":
        return list(struct.unpack(f"<{len(content) // 2}e", content))
    if name not in _array_codes:
        raise ValueError("the text stands for no value")
    made = array.array(_array_codes[name])
    made.frombytes(content)
    return made


def _tagged(name, payload=None):
    if name == "undefined":
        return None
    if name == "Number":
        return _numbers[payload]
    if name == "BigInt":
        return int(payload)
    if name == "Date":
        return None if payload is None else dates.EPOCH + datetime.timedelta(milliseconds=payload)
    if name == "Map":
        return _pairs([_read(pair) for pair in payload])
    if name == "Set":
        return _hashable(_read(payload))
    if name == "Object":
        return {key: _read(value) for key, value in payload}
    if name == "Error":
        return _error(payload)
    if name == "Opaque":
        return Opaque(payload)
    return _view(name, payload)


def _read(json_value):
    if isinstance(json_value, list):
        return [_read(item) for item in json_value]
    if not isinstance(json_value, dict):
        return json_value
    if "$" in json_value:
        return _tagged(*json_value["$"])
    return {key: _read(value) for key, value in json_value.items()}


def decode(text):
    """The value of a text."""
    parsed = _with_room(lambda: json.loads(text, parse_int=_integer))
    return _with_room(lambda: _read(parsed)) if '"$"' in text else parsed
