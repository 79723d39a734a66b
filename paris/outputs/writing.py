"""Writes a trace or a comparison to all outputs: data first, then pictures."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from mda.errors import ParisTraceError
from mda.loading import load
from paris.errors import OutputError
from paris.outputs.files import STANDARD_OUTPUT, Output, write
from paris.outputs.registry import CAPTURE, FORMATS, Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from mda.comparison import Comparison
    from mda.trace import Trace
    from paris.formats.capture import Writer
    from paris.formats.look import Look
    from paris.outputs.files import OutputOptions


@contextmanager
def open_capture(outputs: tuple[Output, ...]) -> Iterator[Writer | None]:
    """The writer of packets, if an output asks for packets; else None. Raises OutputError."""
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
        # Unbuffered, so that closing it has nothing left to write and cannot fail.
        file = Path(asked.file).open("wb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise OutputError(f"cannot write {asked.file}: {error.strerror}") from None
    with file:
        yield Writer(cast("BinaryIO", file))


def write_trace(trace: Trace, outputs: tuple[Output, ...], options: OutputOptions) -> list[str]:
    """Write every output except packets; returns a line for each output that failed."""
    return _write_all(trace, lambda row: row.trace, outputs, options)


def write_comparison(
    comparison: Comparison, outputs: tuple[Output, ...], options: OutputOptions
) -> list[str]:
    """Write every output; returns a line for each output that failed."""
    return _write_all(comparison, lambda row: row.comparison, outputs, options)


def _write_all(
    subject: Trace | Comparison,
    writer_of: Callable[[Format], str],
    outputs: tuple[Output, ...],
    options: OutputOptions,
) -> list[str]:
    writers = {row.suffix: writer_of(row) for row in FORMATS}
    faults = []
    for output in outputs:
        if output.format == CAPTURE:
            continue
        try:
            content = load(writers[output.format])(subject, _look(output, options))
            write(output.file, content.encode() if isinstance(content, str) else content)
        except ParisTraceError as error:
            faults.append(str(error))
    return faults


def _look(output: Output, options: OutputOptions) -> Look:
    from paris.formats.look import Look  # not before the first probe

    to_terminal = output.file == STANDARD_OUTPUT
    return Look(
        format=output.format,
        color=to_terminal and _use_color(options.color, sys.stdout),
        ascii=options.ascii or (to_terminal and not _is_unicode(sys.stdout)),
    )


def _use_color(wish: str, stream: TextIO) -> bool:
    """Whether to use colour: as the user wishes; by default on a terminal, unless NO_COLOR is set.

    See no-color.org.
    """
    if wish != "auto":
        return wish == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def _is_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"
