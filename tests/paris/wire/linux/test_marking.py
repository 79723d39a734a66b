"""Sockets get their mark after this process gave up the right to it; the helper can do no more."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paris.cli import privileges
from paris.errors import PrivilegeError, WireError
from paris.wire.linux.capabilities import FOR_SOCKETS
from paris.wire.linux.marking import Marker
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.lab

SO_MARK = 36


def in_a_fork(work: Callable[[], None]) -> None:
    """Do some work in a process that may give up its rights; it must not fail."""

    def worked() -> int:
        work()
        return 0

    _, status = os.waitpid(fork(worked), 0)
    assert os.waitstatus_to_exitcode(status) == 0


def mark_by(marker: Marker) -> int:
    """The mark of a new socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        marker.set_on(sock)
        return sock.getsockopt(socket.SOL_SOCKET, SO_MARK)


def helpers() -> list[Path]:
    """What /proc says of the processes that this one has started and that have not ended."""
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [Path("/proc") / process for process in started.split()]


def test_sockets_are_marked_after_the_right_to_it_is_given_up() -> None:
    def work() -> None:
        marker = Marker(7)
        assert mark_by(marker) == 7
        privileges.give_up()
        with pytest.raises(PrivilegeError):
            mark_by(Marker(7))
        assert [mark_by(marker) for _ in range(3)] == [7] * 3
        marker.close()
        assert helpers() == []

    in_a_fork(work)


def test_the_helper_has_two_rights_and_one_file_and_outlives_ctrl_c() -> None:
    def work() -> None:
        marker = Marker(7)
        mark_by(marker)
        mark_by(marker)  # the helper has answered, so it is ready
        (helper,) = helpers()
        status = (helper / "status").read_text(encoding="ascii")
        assert f"CapPrm:\t{FOR_SOCKETS:016x}\n" in status
        assert f"CapEff:\t{FOR_SOCKETS:016x}\n" in status
        assert len(list((helper / "fd").iterdir())) == 1
        os.kill(int(helper.name), signal.SIGINT)
        assert mark_by(marker) == 7
        os.kill(int(helper.name), signal.SIGKILL)
        with pytest.raises(WireError, match="--mark 0x7: the process that marks sockets has ended"):
            mark_by(marker)

    in_a_fork(work)


def test_without_a_mark_there_is_no_helper() -> None:
    marker = Marker(0)
    before = helpers()
    assert mark_by(marker) == 0
    assert helpers() == before
    marker.close()
