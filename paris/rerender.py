"""The command `paris-render`: a saved trace into every output again, without a network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from paris.cli import complain, guarded
from paris.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence


def entry() -> None:
    """The console script."""
    sys.exit(guarded("paris-render", main, sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Read the file and write what `arguments` ask for; the exit code."""
    from paris.options import parse_render

    file, options = parse_render(arguments)
    from paris import outputs, replay
    from paris.settings import Reading

    asked = outputs.plan_outputs(options, is_replay=True)
    faults = outputs.write_all(replay.trace(file, Reading()), asked, options)
    for fault in faults:
        complain("paris-render", fault)
    return ExitCode.OUTPUT if faults else ExitCode.REACHED
