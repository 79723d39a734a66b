"""Runs what draws by C code in another process, because such code can end the one it runs in."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from render.errors import RenderError

if TYPE_CHECKING:
    from pathlib import Path


def run_apart(script: Path, arguments: tuple[str, ...], given: bytes, who: str) -> bytes:
    """What a Python script writes that reads `given`. Raises RenderError, naming `who` draws."""
    # Without -P, Python would import from the folder of the script.
    command = (sys.executable, "-P", str(script), *arguments)
    try:
        ran = subprocess.run(command, input=given, capture_output=True, check=False)
    except OSError as error:
        raise RenderError(f"{sys.executable} does not start: {error.strerror}") from None
    if ran.returncode:
        raise RenderError(fault(who, ran.returncode, ran.stderr))
    return ran.stdout


def fault(who: str, exit_code: int, said: bytes) -> str:
    """Why a process failed: the signal that it died of, or the last that it said."""
    if exit_code < 0:
        return f"{who} died of signal {-exit_code} ({signal.strsignal(-exit_code)})"
    lines = said.decode(errors="replace").strip().splitlines()
    return f"{who}: {lines[-1] if lines else f'exit status {exit_code}'}"
