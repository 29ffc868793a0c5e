"""What a run shows beside its value: pictures, tables and texts. Pictures of matplotlib that a cell leaves open are shown as well."""

import base64
import os
import re
import sys
import warnings

from caisson import values

OUTPUTS = os.environ.get("CAISSON_OUTPUTS", "/tmp/outputs")
TEXT_MAX = 65_536
INLINE_MAX = 1_048_576
INLINE_SUM_MAX = 8_388_608
COUNT_MAX = 64

KINDS = (
    ("_repr_html_", "text/html", "html"),
    ("_repr_markdown_", "text/markdown", "md"),
    ("_repr_svg_", "image/svg+xml", "svg"),
    ("_repr_png_", "image/png", "png"),
    ("_repr_jpeg_", "image/jpeg", "jpg"),
    ("_repr_latex_", "text/latex", "tex"),
    ("_repr_json_", "application/json", "json"),
)
MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,64}/[\w!#$&^.+-]{1,64}(;[ -~]{1,64})?", re.ASCII)
_endings = {kind: ending for _, kind, ending in KINDS} | {"text/plain": "txt", "application/pdf": "pdf"}


class Shown:
    """The displays of a turn."""

    def __init__(self):
        self.items = []
        self.characters = 0
        self.left_out = 0
        self.numbers = {}
        self.figure_format = "png"

    def take(self):
        items, self.items, self.characters = self.items, [], 0
        if self.left_out > 0:
            print(f"{self.left_out} displays were left out: a turn has at most {COUNT_MAX}", file=sys.stderr)
            self.left_out = 0
        return items

    def add(self, media_type, content):
        """Shows a text or bytes. What is no text, or a long one, becomes a file."""
        if len(self.items) >= COUNT_MAX:
            self.left_out += 1
            return
        if isinstance(content, str) and len(content) <= INLINE_MAX and self.characters + len(content) <= INLINE_SUM_MAX:
            self.characters += len(content)
            self.items.append({"mediaType": media_type, "text": content})
            return
        path = self.new_path("display", _endings.get(media_type, "bin"))
        with open(path, "wb") as file:
            file.write(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        self.add_file(media_type, path)

    def add_file(self, media_type, path):
        if len(self.items) >= COUNT_MAX:
            self.left_out += 1
            return
        self.items.append({"mediaType": media_type, "path": path})

    def new_path(self, name, ending):
        os.makedirs(OUTPUTS, exist_ok=True)
        number = self.numbers.get(name, 0) + 1
        while os.path.exists(path := os.path.join(OUTPUTS, f"{name}-{number}.{ending}")):
            number += 1
        self.numbers[name] = number
        return path


shown = Shown()


def set_figure_format(name):
    """Has pictures of matplotlib saved as `png` or `svg`."""
    if name not in ("png", "svg"):
        raise ValueError("pictures are saved as png or svg")
    shown.figure_format = name


def _form(media_type, content):
    """A form of a value as it is shown: a media type, and a text or bytes."""
    if not isinstance(media_type, str) or not MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(f"{media_type!r:.100} is no media type")
    if isinstance(content, str) and media_type in ("image/png", "image/jpeg", "application/pdf"):
        content = base64.b64decode(content)
    elif media_type.endswith("json") and not isinstance(content, (str, bytes)):
        content = values.encode(content, INLINE_MAX, describes=True)
    if not isinstance(content, (str, bytes)):
        raise TypeError(f"its {media_type} is a {type(content).__name__}")
    return media_type, content


def _represent(value):
    """Pairs of a media type and its content."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    if callable(bundle):
        made = bundle()
        made = made[0] if isinstance(made, tuple) else made
        if made:
            return [_form(kind, content) for kind, content in made.items() if kind != "text/plain" and content is not None]
    found = []
    for method, kind, _ in KINDS:
        content = getattr(value, method)() if callable(getattr(value, method, None)) else None
        content = content[0] if isinstance(content, tuple) else content
        if content is not None:
            found.append(_form(kind, content))
    return found


def _is_figure(value):
    figures = sys.modules.get("matplotlib.figure")
    return figures is not None and isinstance(value, figures.Figure)


def _show(value):
    if _is_figure(value):
        _save(value)
        return
    try:
        found = [] if isinstance(value, type) else _represent(value)
    except Exception as error:
        found = []
        print(f"a {type(value).__name__} could not be shown: {type(error).__name__}: {error}", file=sys.stderr)
    for kind, content in found:
        shown.add(kind, content)
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    shown.add("text/plain", text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…")


def display(*shown_values):
    """Shows values, each in all forms that it has."""
    for value in shown_values:
        _show(value)


def show_last(value):
    """Shows the value of a cell. Whatever goes wrong is said, and fails nothing."""
    if value is None:
        return
    try:
        _show(value)
    except Exception as error:
        print(f"the value could not be shown: {type(error).__name__}: {error}", file=sys.stderr)


def _save(figure):
    ending = shown.figure_format
    path = shown.new_path("figure", ending)
    with warnings.catch_warnings(record=True) as heard:
        figure.savefig(path, format=ending)
    for warning in heard:
        print(f"{os.path.basename(path)}: {warning.category.__name__}: {warning.message}", file=sys.stderr)
    shown.add_file("image/svg+xml" if ending == "svg" else "image/png", path)


def save_figures():
    """Saves and closes the pictures that are open."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not hasattr(pyplot, "get_fignums"):
        return
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        try:
            _save(figure)
        except Exception as error:
            print(f"figure {number} could not be saved: {type(error).__name__}: {error}", file=sys.stderr)
        pyplot.close(figure)
