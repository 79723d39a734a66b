"""Turns file names and options into the outputs to write, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.errors import SettingsError
from paris.outputs.files import STANDARD_OUTPUT, Output, check
from paris.outputs.registry import CAPTURE, FORMATS, suffixes

if TYPE_CHECKING:
    from paris.outputs.files import OutputOptions


def plan_outputs(
    options: OutputOptions, *, is_replay: bool = False, is_comparison: bool = False
) -> tuple[Output, ...]:
    """The outputs to write, in order; text goes to standard output unless another output does.

    Called before the measurement. Raises SettingsError for a file whose suffix names no format, for
    packets of a replay, or for a format that cannot hold a comparison; OutputError for a file that
    cannot be written.
    """
    outputs = [_output(file, options.format) for file in options.files]
    if not any(output.file == STANDARD_OUTPUT for output in outputs):
        outputs.append(Output(STANDARD_OUTPUT, "txt"))
    for output in outputs:
        check(output.file)
    if is_comparison:
        _check_comparison(outputs)
    captures = sum(output.format == CAPTURE for output in outputs)
    if captures and is_replay:
        raise SettingsError(".pcapng keeps the packets of a measurement; a replay sends none")
    if captures > 1:
        raise SettingsError("packets go to one file: give one -o FILE.pcapng")
    order = suffixes()
    return tuple(sorted(outputs, key=lambda output: order.index(output.format)))


def _output(file: str, format: str | None) -> Output:
    if file == STANDARD_OUTPUT:
        return Output(file, format or "txt")
    from pathlib import Path  # only outputs to files need it

    suffix = Path(file).suffix.removeprefix(".").lower()
    if suffix in suffixes():
        return Output(file, suffix)
    if format is None:
        known = " ".join(f".{name}" for name in suffixes())
        raise SettingsError(
            f"-o {file}: its suffix names no format; use one of {known}, or give --format"
        )
    return Output(file, format)


def _check_comparison(outputs: list[Output]) -> None:
    able = [row.suffix for row in FORMATS if row.comparison]
    for output in outputs:
        if output.format not in able:
            raise SettingsError(
                f"a comparison is written as {', '.join(able)}, not as {output.format}"
            )
