"""The command `paris-render`: writes any output of saved traces again, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.errors import ParisTraceError
from paris.cli.exits import complain, ended
from paris.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.trace import Trace
    from paris.cli.options import RenderOptions


def entry() -> None:
    """The console script."""
    ended("paris-render", main)


def main(arguments: Sequence[str]) -> int:
    """Read the files and write the outputs that `arguments` ask for. Returns the exit code."""
    from paris.cli.options import parse_render

    options = parse_render(arguments)
    if options.tabulates:
        return _tabulate(options)
    from mda.trace import Trace
    from paris import replay
    from paris.outputs.asked import plan_outputs
    from paris.outputs.writing import write_comparison, write_trace

    found = replay.trace_or_comparison(options.files[0])
    is_trace = isinstance(found, Trace)
    asked = plan_outputs(
        options.output, is_replay=True, is_comparison=not is_trace, inputs=options.files
    )
    if isinstance(found, Trace):
        return _exit_code(write_trace(found, asked, options.output))
    return _exit_code(write_comparison(found, asked, options.output))


def _exit_code(faults: Sequence[ParisTraceError]) -> int:
    """Report outputs that could not be written, and return the exit code."""
    for fault in faults:
        complain("paris-render", str(fault))
    return ExitCode.OUTPUT if faults else ExitCode.REACHED


def _tabulate(options: RenderOptions) -> int:
    """Write a table of all readable files, and report the others."""
    from mda.plan import Reading
    from paris import replay
    from paris.formats import diamonds_csv
    from paris.outputs.asked import check_different
    from paris.outputs.files import STANDARD_OUTPUT, check, write

    target = options.output.files[0] if options.output.files else STANDARD_OUTPUT
    check(target)
    check_different([target], options.files)
    traces: list[tuple[str, Trace]] = []
    is_whole = True
    for file in options.files:
        try:
            traces.append((file, replay.trace(file, Reading())))
        except ParisTraceError as error:
            complain("paris-render", str(error))
            is_whole = False
    write(target, diamonds_csv.table(traces).encode())
    return ExitCode.REACHED if is_whole else ExitCode.USAGE
