"""A checkout of this program, as benchmarks run it: in this Python, from bytecode.

Compiling its files anew in each process would take as long as everything else.
"""

from __future__ import annotations

import compileall
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def prepare(checkout: Path) -> None:
    """Compile a checkout's files, as installing it does."""
    for package in ("paris", "mda", "render"):
        compileall.compile_dir(checkout / package, quiet=1)


def environment(checkout: Path) -> dict[str, str]:
    """The environment in which a process runs that checkout."""
    variables = {**os.environ, "PYTHONPATH": str(checkout)}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables
