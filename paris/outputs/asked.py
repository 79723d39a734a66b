"""Turns file names and options into the outputs to write, in order."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from paris.errors import SettingsError, lacking_extra
from paris.files import STANDARD_INPUT
from paris.outputs.files import STANDARD_OUTPUT, Output, check, identity, is_file, named
from paris.outputs.registry import CAPTURE, FORMATS, PICTURES, Subject, archives, suffixes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.outputs.files import OutputOptions
    from paris.outputs.registry import Format

# The source for Graphviz keeps everything.
_FOLDED: Final = (*(name for name in PICTURES if name != "dot"), "html")
_SIZED: Final = ("svg", "png", "pdf")


def plan_outputs(
    options: OutputOptions,
    *,
    is_replay: bool = False,
    subject: Subject = Subject.TRACE,
    inputs: Sequence[str] = (),
) -> tuple[Output, ...]:
    """The outputs to write, in order; text goes to standard output unless another output does.

    With `quiet` nothing goes there by itself.

    A format without a file is that of standard output. `inputs` are the files that are read.

    Called before the measurement. Raises SettingsError for a file whose suffix names no format, or
    that is an input or another output as well, for packets of a replay, for a format that cannot
    hold the `subject` or needs a package, or for an option that no output has a use for;
    OutputError for a file that cannot be written.
    """
    is_silent = options.quiet and options.format is None
    files = options.files or (() if is_silent else (STANDARD_OUTPUT,))
    outputs = [_output(file, options.format) for file in files]
    if not options.quiet and not any(_goes_to_standard_output(own.file) for own in outputs):
        outputs.append(Output(STANDARD_OUTPUT, "txt"))
    _check_uses(options, files, outputs, subject)
    for output in outputs:
        check(output.file)
    check_different([output.file for output in outputs], inputs)
    if subject is not Subject.TRACE:
        _check_able(outputs, subject)
    _check_packages(outputs)
    captures = sum(output.format == CAPTURE for output in outputs)
    if captures and is_replay:
        raise SettingsError(".pcapng keeps the packets of a measurement; a replay sends none")
    if captures and options.redact:
        raise SettingsError("--redact cannot be combined with .pcapng, which has packets as sent")
    if captures > 1:
        raise SettingsError("packets go to one file: give one -o FILE.pcapng")
    order = suffixes()
    return tuple(sorted(outputs, key=lambda output: order.index(output.format)))


def archive(file: str, format: str | None) -> Format:
    """The format of a file of many traces, or of each in a folder.

    `format` is that of a file whose suffix names none, and of a folder. Raises SettingsError if
    there is none, or if it needs a package.
    """
    if format is not None and _named_format(file) is not None:
        raise SettingsError("--format is for -o - and for a file whose suffix names no format")
    if file == STANDARD_OUTPUT and format is None:
        raise SettingsError(f"-o - needs --format: {', '.join(archives())}")
    output = _output(file, format)
    if output.format not in archives() and format is None:
        raise SettingsError(
            f"many traces are written as {', '.join(archives())}, not as {output.format}: "
            f"-o FOLDER --format {output.format} writes a file of each"
        )
    if output.format not in archives() and file == STANDARD_OUTPUT:
        raise SettingsError(f"{output.format} holds one trace: give -o FOLDER, not -o -")
    _check_packages([output])
    return next(row for row in FORMATS if row.suffix == output.format)


def _check_uses(
    options: OutputOptions, files: tuple[str, ...], outputs: list[Output], subject: Subject
) -> None:
    """Each option has an output that it changes."""
    texts = [output.file for output in outputs if output.format == "txt"]
    if options.format is not None and all(map(_named_format, files)):
        raise SettingsError("--format is for -o - and for files whose suffix names no format")
    if options.ascii and not texts:
        raise SettingsError("--ascii is for text, and no output is text")
    if options.plain and not any(output.format in PICTURES for output in outputs):
        raise SettingsError(
            f"--plain is for pictures ({', '.join(PICTURES)}), and no output is one"
        )
    if options.fold is not None and not any(own.format in _FOLDED for own in outputs):
        raise SettingsError(
            f"--fold and --no-fold are for pictures ({', '.join(_FOLDED)}), and no output is one"
        )
    if options.size != "screen" and not any(own.format in _SIZED for own in outputs):
        raise SettingsError(f"--size is for pictures ({', '.join(_SIZED)}), and no output is one")
    if options.color == "always" and (subject is not Subject.TRACE or STANDARD_OUTPUT not in texts):
        raise SettingsError("--color always is for the text of a trace on standard output")


def _named_format(file: str) -> str | None:
    """The format that a file's suffix names, the longer of two; None without."""
    if file == STANDARD_OUTPUT:
        return None
    from pathlib import Path  # only outputs to files need it

    name = Path(file).name[1:].lower()  # what begins with its only dot has no suffix
    return max((own for own in suffixes() if name.endswith(f".{own}")), key=len, default=None)


def _output(file: str, format: str | None) -> Output:
    named = _named_format(file)
    if named is not None:
        return Output(file, named)
    if file == STANDARD_OUTPUT:
        return Output(file, format or "txt")
    if format is None:
        known = " ".join(f".{name}" for name in suffixes())
        raise SettingsError(
            f"-o {file}: its suffix names no format; use one of {known}, or give --format"
        )
    return Output(file, format)


def _goes_to_standard_output(file: str) -> bool:
    """Whether a file is standard output, or another name of the file to which that goes."""
    if file == STANDARD_OUTPUT or sys.stdout is None:
        return file == STANDARD_OUTPUT
    own = identity(file)
    return own is not None and own == identity(STANDARD_OUTPUT)


def check_different(outputs: Sequence[str], inputs: Sequence[str]) -> None:
    """Raise SettingsError if an output is an input as well, or goes where another goes."""
    read = {identity(file) for file in inputs if file != STANDARD_INPUT and is_file(file)}
    written: dict[object, str] = {}
    for file in outputs:
        own = identity(file)
        if own is None:
            continue
        if own in read:
            raise SettingsError(f"{named(file)} is read as well: choose another name for -o")
        if own in written:
            raise SettingsError(f"two outputs go to one file: {named(written[own])}, {named(file)}")
        written[own] = file


def _check_packages(outputs: list[Output]) -> None:
    needs = {row.suffix: row.needs for row in FORMATS}
    for output in outputs:
        if package := needs[output.format]:
            try:
                import_module(package)
            except ModuleNotFoundError as error:
                raise lacking_extra(f"-o {output.file}", error, "parquet") from None


def _check_able(outputs: list[Output], subject: Subject) -> None:
    able = [row.suffix for row in FORMATS if row.writer(subject)]
    for output in outputs:
        if output.format not in able:
            raise SettingsError(
                f"a {subject.value} is written as {', '.join(able)}, not as {output.format}"
            )
