"""The scripts can be interrupted at any time: also while they load, and when all is written."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.commands import CHECKOUT
from tests.support.waiting import LONGEST_S

# Sends the signal in the middle of loading the command.
INTERRUPTED = """
import os, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "paris.cli.exits":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["--version"]
from paris.cli import start
"""


@pytest.mark.parametrize("script", ["trace", "render"])
def test_an_interruption_while_the_script_loads_is_one_line(script: str) -> None:
    ran = started(f"{INTERRUPTED}\nstart.{script}()")
    assert (ran.returncode, ran.stdout) == (130, "")
    assert ran.stderr == f"paris-{script}: interrupted\n"


def test_an_interruption_when_all_is_written_changes_nothing() -> None:
    ran = started(
        "import os, signal, sys\n"
        "sys.argv[1:] = ['--version']\n"
        "from paris.cli.start import trace\n"
        "try: trace()\n"
        "finally: os.kill(os.getpid(), signal.SIGINT)"
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_script_in_the_background_goes_on_ignoring_interruptions() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ran = started(f"{INTERRUPTED}\nstart.trace()")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ran.returncode, ran.stderr) == (0, "")


def started(script: str) -> subprocess.CompletedProcess[str]:
    """What became of a script in a new process."""
    return subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True,
        check=False, timeout=LONGEST_S,
    )  # fmt: skip
