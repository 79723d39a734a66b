"""The command `paris-convert`: writes the traces of many files into one, in another format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.cli.exits import complain, ended
from paris.errors import ExitCode, FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mda.trace import Trace
    from paris.errors import OutputError
    from paris.outputs.registry import Format


def entry() -> None:
    """The console script."""
    ended("paris-convert", main)


def main(arguments: Sequence[str]) -> int:
    """Convert the files that `arguments` name. Returns the exit code."""
    from mda.loading import load
    from paris.cli.options import parse_convert
    from paris.outputs.new_file import check_new, write_new, write_new_folder

    options = parse_convert(arguments)
    check_new(options.output)
    conversion = _Conversion(options.files, options.format)
    if options.format.many:
        write_new(options.output, load(options.format.many)(conversion.traces(), conversion.refuse))
    else:
        write_new_folder(options.output, conversion.contents())
    for line in conversion.report(options.output):
        complain("paris-convert", line)
    return ExitCode.USAGE if conversion.left_out else ExitCode.REACHED


class _Conversion:
    """Reads traces, and counts what becomes of them."""

    def __init__(self, files: Sequence[str], format: Format) -> None:
        self.left_out = 0
        self._files = files
        self._format = format
        self._read = 0
        self._lacks: dict[str, None] = {}
        self._place = ""

    def traces(self) -> Iterator[Trace]:
        """The traces of all files in turn."""
        from mda.errors import ParisTraceError
        from mda.loading import load
        from paris import archives
        from paris.files import named

        for file in self._files:
            for trace in archives.traces(file, self._leave_out):
                self._read += 1
                self._place = f"{named(file)}: the trace to {trace.plan.target}"
                yield trace
                if self._format.lacks:
                    try:
                        lacking = load(self._format.lacks)(trace)
                    except ParisTraceError:  # it was refused
                        continue
                    # How often each is missing differs from trace to trace.
                    self._lacks |= dict.fromkeys(own.partition(" (")[0] for own in lacking)

        if not self._read:
            raise FormatError("there is no trace to write")

    def contents(self) -> Iterator[tuple[str, bytes | str]]:
        """The name and the content of a file of each trace."""
        from mda.loading import load
        from paris.errors import OutputError
        from paris.formats.look import Look

        write, suffix = load(self._format.trace), self._format.suffix
        for trace in self.traces():
            target = str(trace.plan.target).replace(":", "-")
            try:
                content = write(trace, Look(suffix))
            except OutputError as error:
                self.refuse(error)
            else:
                yield f"{self._read:05}-{target}.{suffix}", content

    def refuse(self, error: OutputError) -> None:
        """Count the last trace as one that the format does not hold."""
        self._read -= 1
        self._leave_out(f"{self._place}: {error}")

    def report(self, output: str) -> Iterator[str]:
        """Lines that say what was done."""
        from paris.outputs.files import named

        if self._lacks:
            yield f"{named(output)} has no place for: {'; '.join(self._lacks)}"
        left = f", {self.left_out} left out" if self.left_out else ""
        yield f"{self._read} trace{'' if self._read == 1 else 's'} written to {named(output)}{left}"

    def _leave_out(self, reason: str) -> None:
        self.left_out += 1
        complain("paris-convert", f"left out: {reason}")
