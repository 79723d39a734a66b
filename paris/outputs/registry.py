"""Which outputs were asked for, and the formats that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paris.errors import SettingsError
from paris.outputs.files import STANDARD_OUTPUT, Output, check

if TYPE_CHECKING:
    from paris.outputs.files import OutputOptions

# In the order of writing: what was measured comes before what is drawn from it.
_FORMATS: Final = ("pcapng", "json", "txt", "graphml", "dot", "svg", "png", "pdf")
CAPTURE: Final = "pcapng"


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
    captures = sum(output.format == CAPTURE for output in outputs)
    if captures and is_replay:
        raise SettingsError(".pcapng keeps the packets of a measurement; a saved one has none new")
    if captures > 1:
        raise SettingsError("packets go to one file: give one -o FILE.pcapng")
    return tuple(sorted(outputs, key=lambda output: _FORMATS.index(output.format)))


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
