"""A disk that takes nothing: neither the measurement nor what ends it waits for the journal."""

from __future__ import annotations

import errno
import json
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from paris.errors import ExitCode
from paris.outputs import journal_file
from paris.outputs.journal_file import JournalFile
from tests.lab import netlab
from tests.lab.command import command_line
from tests.lab.frozen import frozen
from tests.lab.netlab import TARGET
from tests.support.terminal import on_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

SLOW = ("--mda", "-n", "-j", "--seed", "1", "--rate", "30", "-c", "99.99")


def _shown(file: Path) -> Any:
    """The trace in a file, as soon as it is there."""
    wait_until(lambda: file.exists() and file.read_text().endswith("}\n"))
    return json.loads(file.read_text())


def test_a_signal_and_the_deadline_end_a_measurement_whose_journal_no_disk_takes_yet(
    tmp_path: Path,
) -> None:
    disk = tmp_path / "disk"
    ends = {"interrupted": (), "time-budget": ("--deadline", "1")}
    with netlab.lab(netlab.diamond(4)) as lab, ExitStack() as stack, frozen(disk) as thaw:
        under_way = {}
        for how, options in ends.items():
            command = (
                "env", f"XDG_STATE_HOME={disk}", "sh", "-c", 'exec "$@" > "$0"',
                str(tmp_path / how), *command_line(str(TARGET[4]), *SLOW, *options),
            )  # fmt: skip
            under_way[how] = stack.enter_context(on_terminal(lab.at_source(*command)))
        under_way["interrupted"].wait_for_answers(12)
        under_way["interrupted"].process.send_signal(signal.SIGINT)
        for how in ends:  # the disk still takes nothing
            run = _shown(tmp_path / how)["run"]
            assert run["stopped"] == how
            assert run["answered"] > 5
        assert list(disk.rglob("*.pcapng")) == []
        thaw()
        assert under_way["interrupted"].finish()[0] == ExitCode.INTERRUPTED
        assert under_way["time-budget"].finish()[0] == 0
        assert list(disk.rglob("*.pcapng")) == []


def test_what_waits_for_a_disk_is_written_as_soon_as_it_takes_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_FINISHED_S", 0.0)
    monkeypatch.setattr(journal_file, "_MOST_WAITING", 9)
    disk = tmp_path / "disk"
    with frozen(disk) as thaw:
        file = JournalFile([disk], "journal")
        for _ in range(2):
            file.write(b"eight by")
        with pytest.raises(OSError, match="the disk is too slow") as refused:
            file.write(b"one more")
        assert refused.value.errno == errno.EBUSY
        assert not file.finish()
        assert str(file.fault) == str(refused.value)
        thaw()
        wait_until(file.finish)
        assert (disk / "journal").read_bytes() == 2 * b"eight by"
        file.close()
