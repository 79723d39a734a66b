"""The command `paris-render`: a saved trace into every output again, without a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paris.cli import complain, guarded
from paris.errors import ExitCode, FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence


def entry() -> None:
    """The console script."""
    sys.exit(guarded("paris-render", main, sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Read the file and write what `arguments` ask for; the exit code."""
    from paris.options import parse_render

    file, options = parse_render(arguments)
    from paris import outputs
    from paris.formats import native

    asked = outputs.plan_outputs(options)
    faults = outputs.write_all(native.read(_text(file), file), asked, options)
    for fault in faults:
        complain("paris-render", fault)
    return ExitCode.OUTPUT if faults else ExitCode.REACHED


def _text(file: str) -> str:
    try:
        return Path(file).read_text()
    except OSError as error:
        raise FormatError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FormatError(f"{file}: not a text file") from None
