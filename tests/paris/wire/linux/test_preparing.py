"""Sockets get marks and reserved ports after the rights to them were given up, by a helper."""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paris.cli import privileges
from paris.errors import PrivilegeError, WireError
from paris.wire.linux.capabilities import FOR_SOCKETS
from paris.wire.linux.preparing import Preparer
from tests.lab import netlab
from tests.lab.namespaces import enter_namespace
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.lab

SO_MARK = 36
ANY = ("127.0.0.1", 0)


def in_a_fork(work: Callable[[], None]) -> None:
    """Do some work in a process that may give up its rights; it must not fail."""

    def worked() -> int:
        work()
        return 0

    _, status = os.waitpid(fork(worked), 0)
    assert os.waitstatus_to_exitcode(status) == 0


def prepared(preparer: Preparer, end: tuple[object, ...] = ANY) -> tuple[int, int]:
    """The mark and the port of a new socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        preparer.prepare(sock, end)
        return sock.getsockopt(socket.SOL_SOCKET, SO_MARK), sock.getsockname()[1]


def helpers() -> list[Path]:
    """What /proc says of the processes that this one has started and that have not ended."""
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [Path("/proc") / process for process in started.split()]


def test_sockets_are_prepared_after_the_right_to_it_is_given_up() -> None:
    with netlab.lab(netlab.plain(1)) as lab:

        def work() -> None:
            enter_namespace(lab.namespace("src"))
            end = "0.0.0.0", 80
            preparer = Preparer(7, ports=True)
            assert prepared(preparer, end) == (7, 80)
            privileges.give_up()
            with pytest.raises(PrivilegeError):
                prepared(Preparer(7, ports=False))
            with pytest.raises(PermissionError):
                prepared(Preparer(0, ports=False), end)
            assert [prepared(preparer, end) for _ in range(3)] == [(7, 80)] * 3
            with pytest.raises(OSError, match=os.strerror(errno.EADDRNOTAVAIL)):
                prepared(preparer, ("192.0.2.77", 80))
            preparer.close()
            assert helpers() == []

        in_a_fork(work)


def test_the_helper_has_three_rights_and_one_file_and_outlives_ctrl_c() -> None:
    def work() -> None:
        preparer = Preparer(7, ports=False)
        prepared(preparer)
        prepared(preparer)  # the helper has answered, so it is ready
        (helper,) = helpers()
        status = (helper / "status").read_text(encoding="ascii")
        assert f"CapPrm:\t{FOR_SOCKETS:016x}\n" in status
        assert f"CapEff:\t{FOR_SOCKETS:016x}\n" in status
        assert len(list((helper / "fd").iterdir())) == 1
        os.kill(int(helper.name), signal.SIGINT)
        assert prepared(preparer)[0] == 7
        os.kill(int(helper.name), signal.SIGKILL)
        with pytest.raises(WireError, match="the process that marks sockets and binds them has"):
            prepared(preparer)

    in_a_fork(work)


def test_where_nothing_needs_a_right_there_is_no_helper() -> None:
    preparer = Preparer(0, ports=False)
    before = helpers()
    assert prepared(preparer)[0] == 0
    assert helpers() == before
    preparer.close()
