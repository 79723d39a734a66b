"""A trace into everything that was asked for: measured data first, pictures after."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from mda.errors import ParisTraceError
from paris.errors import OutputError
from paris.outputs.files import STANDARD_OUTPUT, Output, write
from paris.outputs.registry import CAPTURE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from mda.trace import Trace
    from paris.formats.capture import Writer
    from paris.outputs.files import OutputOptions


@contextmanager
def open_capture(outputs: tuple[Output, ...]) -> Iterator[Writer | None]:
    """Where packets go from the first one on, if that was asked for. Raises OutputError."""
    asked = next((output for output in outputs if output.format == CAPTURE), None)
    if asked is None:
        yield None
        return
    from paris.formats.capture import Writer

    if asked.file == STANDARD_OUTPUT:
        yield Writer(sys.stdout.buffer)
        return
    from pathlib import Path

    try:
        # Unbuffered, so that nothing is left to fail when it is closed.
        file = Path(asked.file).open("wb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise OutputError(f"cannot write {asked.file}: {error.strerror}") from None
    with file:
        yield Writer(cast("BinaryIO", file))


def write_all(trace: Trace, outputs: tuple[Output, ...], options: OutputOptions) -> list[str]:
    """Write every output but packets; the faults of those that could not be, one line each."""
    faults = []
    for output in outputs:
        if output.format == CAPTURE:
            continue
        try:
            write(output.file, _content(trace, output, options))
        except ParisTraceError as error:
            faults.append(str(error))
    return faults


def _content(trace: Trace, output: Output, options: OutputOptions) -> bytes:
    """The bytes of one output. Imports only what its format needs."""
    match output.format:
        case "json":
            from paris.formats import native

            return native.write(trace).encode()
        case "graphml":
            from paris.formats import graphml

            return graphml.write(trace).encode()
        case "txt":
            from functools import partial

            from paris.packets.recipes import recipe
            from render.terminal.text import text

            to_terminal = output.file == STANDARD_OUTPUT
            return text(
                trace,
                names=trace.names,
                recipes=partial(recipe, trace.plan),
                color=to_terminal and _use_color(options.color, sys.stdout),
                ascii=options.ascii or (to_terminal and not _is_unicode(sys.stdout)),
            ).encode()
        case _:
            from render.pictures.dot import dot

            source = dot(trace, names=trace.names)
            if output.format == "dot":
                return source.encode()
            from render.pictures.svg import draw

            return draw(source, output.format)


def _use_color(wish: str, stream: TextIO) -> bool:
    """Colour for a terminal, unless NO_COLOR (no-color.org) or the user says otherwise."""
    if wish != "auto":
        return wish == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def _is_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"
