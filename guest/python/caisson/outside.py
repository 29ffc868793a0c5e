"""Calls of tools from other threads and other processes than the one that runs cells: over a socket, one call at a time."""

import json
import os
import socket

from caisson.errors import ToolError


def _ask(question):
    path = os.environ.get("CAISSON_SOCKET")
    if not path:
        raise RuntimeError("there are no tools here: CAISSON_SOCKET is not set")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile("r", encoding="utf-8", newline="\n") as answers:
            line = answers.readline()
    if not line:
        raise ToolError("Error", "the call was given up")
    answer = json.loads(line)
    if "error" in answer:
        error = answer["error"]
        raise ToolError(error["name"], error["message"], error.get("reason"))
    return answer


def call(path, arguments):
    """The text of the result."""
    return _ask({"tool": path, "arguments": arguments})["value"]


def sleep(seconds):
    _ask({"sleepMillis": max(0, round(seconds * 1000))})


def now_millis():
    return _ask({"now": True})["nowMillis"]


def limits():
    return _ask({"limits": True})["limits"]


def tools():
    return _ask({"list": True})["tools"]
