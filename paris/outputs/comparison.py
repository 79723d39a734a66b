"""One host by several protocols: measured at once, or read again, and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mda.comparison import compare
from mda.errors import ParisTraceError
from paris.errors import FormatError, SettingsError
from paris.formats import comparison as files
from paris.outputs.files import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.comparison import Comparison
    from mda.trace import Trace
    from paris.outputs.files import Output
    from paris.settings import Settings

_ABLE: Final = ("json", "txt", "dot", "svg", "png", "pdf")


def check(asked: Sequence[Output]) -> None:
    """Raise SettingsError for an output that a comparison has not."""
    for output in asked:
        if output.format not in _ABLE:
            raise SettingsError(
                f"a comparison is written as {', '.join(_ABLE)}, not as {output.format}"
            )


def comparison_of(settings: Settings, traces: Sequence[Trace]) -> Comparison:
    """The comparison of traces that were measured as `settings` say."""
    names = (lane.name for lane in settings.compare)
    return compare(list(zip(names, traces, strict=True)))


def read(file: str) -> Comparison | None:
    """The comparison that a file holds; None if it holds something else, or cannot be read."""
    try:
        text = Path(file).read_text(encoding="utf-8")
        if not text.startswith("{") or not files.is_one(json.loads(text)):
            return None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return None
    try:
        return files.read(text, file)
    except AttributeError as error:
        raise FormatError(f"{file}: a value is not what it should be: {error}") from None


def write_all(comparison: Comparison, asked: Sequence[Output]) -> list[str]:
    """Write every output; the faults of those that could not be, one line each."""
    faults = []
    for output in asked:
        try:
            write(output.file, _content(comparison, output.format))
        except ParisTraceError as error:
            faults.append(str(error))
    return faults


def _content(comparison: Comparison, format: str) -> bytes:
    """The bytes of one output. Imports only what its format needs."""
    if format == "json":
        return files.write(comparison).encode()
    from render.pictures.comparison import comparison_diagram
    from render.terminal.comparison import comparison_text

    if format == "txt":
        return comparison_text(comparison).encode()
    from render.pictures.dot import to_dot

    source = to_dot(comparison_diagram(comparison))
    if format == "dot":
        return source.encode()
    from render.pictures.svg import draw

    return draw(source, format)
