"""Lines for other programs: whole in files, and no wait without end for whoever reads a pipe."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode, NobodyReadsError, OutputError
from paris.outputs.lines import Lines
from tests.support.commands import COMMAND
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = (*COMMAND, "--sim", "plain", "--watch", "--count", "1000000", "--no-progress")


def test_lines_are_appended_and_one_that_was_cut_off_stays_alone(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    for line in ("1\n", "2\n", "cut"):
        lines = Lines(str(file))
        lines.write(line)
        lines.close()
    lines = Lines(str(file))
    lines.write("3\n")
    lines.close()
    assert file.read_text() == "1\n2\ncut\n3\n"


def test_a_pipe_that_nobody_reads_is_refused_and_one_that_is_full_ends_with_the_watch(
    tmp_path: Path,
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="nobody reads this pipe"):
        Lines(str(pipe))
    asked = iter([False] * 3)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    lines = Lines(str(pipe), lambda: next(asked, True))
    with pytest.raises(NobodyReadsError, match="any more"):
        lines.write("x" * 1_000_000)
    assert len(os.read(reading, 1_000_000)) == 1 << 16
    lines.write("there is room again\n")
    lines.close()
    os.close(reading)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_a_signal_ends_a_watch_whose_reader_does_not_read(how: signal.Signals) -> None:
    reading, writing = os.pipe()
    room = select.poll()
    room.register(writing, select.POLLOUT)
    command = [*ENDLESS, "--jsonl", "-"]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: not room.poll(0))
        process.send_signal(how)
        _, said = process.communicate(timeout=LONGEST_S)
    os.close(reading)
    os.close(writing)
    assert process.returncode == ExitCode.OUTPUT
    assert "rounds, 1 path, times in ms" in said
    assert said.endswith("\nparis-trace: nobody reads standard output any more\n")
