"""The commands as a user runs them: in this process, or in a new one where that matters."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paris.cli import convert, render, trace
from paris.cli.exits import guarded
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "paris")
_MAIN: Final = {
    "paris-trace": trace.main, "paris-render": render.main, "paris-convert": convert.main,
}  # fmt: skip

Ran = subprocess.CompletedProcess[str]


def run(*arguments: str, program: str = "paris-trace") -> Ran:
    """Exit code and output of a command with these arguments, run in this process.

    A simulated network is the same each time, as `seeded` says.
    """
    if "--sim" in arguments:
        arguments = seeded(arguments)
    with _captured() as out, _captured() as err:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exit_code = guarded(program, _MAIN[program], arguments)
        return Ran(arguments, exit_code, _read(out), _read(err))


def seeded(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The same command line, with a seed if it has none.

    A multipath trace may miss a branch, with the probability that its bound allows. With a seed it
    either always does or never, so that no test fails by chance.
    """
    return arguments if "--seed" in arguments else (*arguments, "--seed", "1")


def process(*arguments: str, env: dict[str, str] | None = None) -> Ran:
    """`paris-trace` in a new process: start-up, streams and the environment are real."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=CHECKOUT, capture_output=True, text=True, timeout=LONGEST_S,
        check=False, env=env,
    )  # fmt: skip


@contextlib.contextmanager
def _captured() -> Iterator[io.TextIOWrapper]:
    """A stream that is not a terminal, with a buffer for bytes as standard output has."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) as stream:
        yield stream


def _read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
