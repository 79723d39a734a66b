"""A trace into everything that was asked for: measured data first, pictures after."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from mda.errors import ParisTraceError
from paris.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from mda.trace import Trace
    from paris.formats.capture import Writer
    from paris.options import OutputOptions

STANDARD_OUTPUT: Final = "-"
# In the order of writing: what was measured comes before what is drawn from it.
_FORMATS: Final = ("pcapng", "json", "txt", "graphml", "dot", "svg", "png", "pdf")
_CAPTURE: Final = "pcapng"


@dataclass(frozen=True, slots=True)
class Output:
    """One thing to write: `file` is a path or STANDARD_OUTPUT, `format` one of the suffixes."""

    file: str
    format: str


def plan_outputs(options: OutputOptions, *, is_replay: bool = False) -> tuple[Output, ...]:
    """What to write, in order; text goes to standard output unless something else does.

    Raises SettingsError for a file whose format is not told, or for packets of a replay;
    OutputError for a file that cannot be written: all before anything is measured.
    """
    outputs = [_output(file, options.format) for file in options.files]
    if not any(output.file == STANDARD_OUTPUT for output in outputs):
        outputs.append(Output(STANDARD_OUTPUT, "txt"))
    for output in outputs:
        check(output.file)
    captures = sum(output.format == _CAPTURE for output in outputs)
    if captures and is_replay:
        raise SettingsError(".pcapng keeps the packets of a measurement; a saved one has none new")
    if captures > 1:
        raise SettingsError("packets go to one file: give one -o FILE.pcapng")
    return tuple(sorted(outputs, key=lambda output: _FORMATS.index(output.format)))


@contextmanager
def open_capture(outputs: tuple[Output, ...]) -> Iterator[Writer | None]:
    """Where packets go from the first one on, if that was asked for. Raises OutputError."""
    asked = next((output for output in outputs if output.format == _CAPTURE), None)
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
        if output.format == _CAPTURE:
            continue
        try:
            write(output.file, _content(trace, output, options))
        except ParisTraceError as error:
            faults.append(str(error))
    return faults


def _output(file: str, format: str | None) -> Output:
    if file == STANDARD_OUTPUT:
        return Output(file, format or "txt")
    from pathlib import Path  # not before the first probe where no file is asked for

    suffix = Path(file).suffix.removeprefix(".").lower()
    if suffix in _FORMATS:
        return Output(file, suffix)
    if format is None:
        known = " ".join(f".{name}" for name in _FORMATS)
        raise SettingsError(
            f"-o {file}: its suffix names no format; use one of {known}, or give --format"
        )
    return Output(file, format)


def check(file: str) -> None:
    """Raise OutputError if a file, or standard output, cannot be written."""
    if file != STANDARD_OUTPUT:
        _check_writable(file)
    elif sys.stdout is None:
        raise OutputError("standard output is closed")


def _check_writable(file: str) -> None:
    from pathlib import Path

    path = Path(file)
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder")
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}")
    target = path if path.exists() else folder
    if not os.access(target, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied")
    if os.geteuid() == 0 and not _is_writable_to_root(target.stat()):
        raise OutputError(
            f"cannot write {path}: permission denied, for root gives up its rights before it "
            "measures; write where root itself may, or use sudo as yourself"
        )


def _is_writable_to_root(status: os.stat_result) -> bool:
    """Whether root may write there by the modes alone."""
    if status.st_uid == 0:
        return bool(status.st_mode & stat.S_IWUSR)
    if status.st_gid == 0:
        return bool(status.st_mode & stat.S_IWGRP)
    return bool(status.st_mode & stat.S_IWOTH)


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
            from render.text import text

            to_terminal = output.file == STANDARD_OUTPUT
            return text(
                trace,
                names=trace.names,
                recipes=partial(recipe, trace.plan),
                color=to_terminal and _use_color(options.color, sys.stdout),
                ascii=options.ascii or (to_terminal and not _is_unicode(sys.stdout)),
            ).encode()
        case _:
            from render.dot import dot

            source = dot(trace, names=trace.names)
            if output.format == "dot":
                return source.encode()
            from render.svg import draw

            return draw(source, output.format)


def _use_color(wish: str, stream: TextIO) -> bool:
    """Colour for a terminal, unless NO_COLOR (no-color.org) or the user says otherwise."""
    if wish != "auto":
        return wish == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def _is_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def write(file: str, content: bytes) -> None:
    """Write a file, or to standard output. Raises OutputError."""
    try:
        if file == STANDARD_OUTPUT:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            from pathlib import Path

            Path(file).write_bytes(content)
    except BrokenPipeError:
        # Python flushes standard output once more at exit; there is nobody to read it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError("standard output was closed before everything was written") from None
    except OSError as error:
        name = "standard output" if file == STANDARD_OUTPUT else file
        raise OutputError(f"cannot write {name}: {error.strerror}") from None
