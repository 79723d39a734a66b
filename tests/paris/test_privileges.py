"""Rights are given up for good: seen from outside, in /proc, and by trying to use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
STATUS = "print(open('/proc/self/status').read())"
NONE = "0000000000000000"


def status_after(script: str, *, before: tuple[str, ...] = (), **env: str) -> dict[str, str]:
    """What /proc says of a process that has run `script` as root."""
    ran = subprocess.run(
        [*before, sys.executable, "-c", f"from paris import privileges\n{script}\n{STATUS}"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **env},
    )  # fmt: skip
    return dict(line.split(":\t", 1) for line in ran.stdout.splitlines() if ":\t" in line)


def test_root_gives_up_every_capability_and_the_way_to_any() -> None:
    status = status_after("privileges.give_up()")
    for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert status[name] == NONE, name
    assert status["NoNewPrivs"] == "1"


def test_no_socket_can_be_opened_afterwards_and_no_program_gets_it_back() -> None:
    script = (
        "privileges.give_up()\n"
        "import socket, subprocess\n"
        "try: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('opened')\n"
        "except PermissionError: print('refused')\n"
        "print(subprocess.run(['grep', 'CapEff', '/proc/self/status'], capture_output=True,"
        " text=True).stdout)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", f"from paris import privileges\n{script}"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip
    assert ran.stdout.split() == ["refused", "CapEff:", NONE]


def test_an_ambient_capability_is_given_up_too() -> None:
    setpriv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               "--inh-caps=+net_raw", "--ambient-caps=+net_raw")  # fmt: skip
    held = status_after("", before=setpriv)
    assert held["CapEff"] == "0000000000002000"
    status = status_after("privileges.give_up()", before=setpriv)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert status[name] == NONE, name


def test_by_sudo_the_process_becomes_the_caller_with_what_sockets_need() -> None:
    status = status_after("privileges.become_caller()", SUDO_UID="65534", SUDO_GID="65533")
    assert status["Uid"].split() == ["65534"] * 4
    assert status["Gid"].split() == ["65533"] * 4
    assert int(status["CapEff"], 16) == 1 << 12 | 1 << 13  # CAP_NET_ADMIN and CAP_NET_RAW
    status = status_after(
        "privileges.become_caller(); privileges.give_up()", SUDO_UID="65534", SUDO_GID="65533"
    )
    assert (status["CapEff"], status["CapPrm"]) == (NONE, NONE)


@pytest.mark.parametrize("uid", ["0", "", "someone"])
def test_without_another_caller_root_stays_root(uid: str) -> None:
    status = status_after("privileges.become_caller()", SUDO_UID=uid, SUDO_GID="0")
    assert status["Uid"].split() == ["0"] * 4
