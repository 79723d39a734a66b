"""Where the system gives no threads, the command does what threads would do by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from paris.wire.registry import WIRES
from tests.lab import netlab
from tests.lab.command import command_line
from tests.lab.netlab import TARGET
from tests.support.commands import CHECKOUT, COMMAND
from tests.support.terminal import on_terminal

if TYPE_CHECKING:
    from pathlib import Path

# A thread gets a stack of that size, and there is no room for it.
_WITHOUT_THREADS: Final = ("sh", "-c", 'ulimit -s 4000000; ulimit -v 3000000; exec "$@"', "sh")


def test_a_process_under_these_limits_gets_no_thread() -> None:
    work = "from paris.threads import started; print(started(int))"
    with on_terminal([*_WITHOUT_THREADS, COMMAND[0], "-c", work], cwd=CHECKOUT) as python:
        assert python.finish() == (0, "None\n", "")


def test_a_watch_says_changes_where_no_thread_draws() -> None:
    watch = ("--sim", "two-way", "--mda", "--watch", "0.1", "--count", "2", "-j")
    with on_terminal([*_WITHOUT_THREADS, *COMMAND, *watch], CHECKOUT, "xterm") as command:
        exit_code, shown, said = command.finish()
    assert exit_code == 0
    assert shown.startswith("{")
    assert "link" in said  # the table at the end


@pytest.mark.lab
def test_every_wire_traces_looks_up_names_and_keeps_packets(tmp_path: Path) -> None:
    capture = tmp_path / "trace.pcapng"
    with netlab.lab(["src r1 dst"]) as lab:
        for wire in (kind.name for kind in WIRES):
            line = command_line(str(TARGET[4]), "--wire", wire, "-o", str(capture))
            with on_terminal(lab.at_source(*_WITHOUT_THREADS, *line)) as command:
                exit_code, _, said = command.finish()
            assert (exit_code, said.splitlines()[1:]) == (0, []), wire
            assert said.startswith("paris-trace: no answer from the name service for 2 of 2")
            capture.unlink()  # which it wrote


@pytest.mark.lab
def test_controls_of_ordinary_sockets_follow_each_other() -> None:
    options = ("-T", "--diagnose", "--wire", "unprivileged", "-n")
    with netlab.lab(["src r1 dst"]) as lab:
        line = command_line(str(TARGET[4]), *options)
        with on_terminal(lab.at_source(*_WITHOUT_THREADS, *line)) as command:
            exit_code, shown, _ = command.finish()
    assert exit_code == 6
    assert "CLOSED" in shown
    assert "control" in shown
