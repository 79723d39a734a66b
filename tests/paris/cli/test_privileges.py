"""Rights are given up for good: seen from outside, in /proc, and by trying to use them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import NOBODY, command_line, open_to_all
from tests.lab.netlab import TARGET
from tests.support.terminal import on_terminal

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[3]
STATUS = "print(open('/proc/self/status').read())"
NONE = "0000000000000000"
# One that everybody can read: the tests' own may lie in root's home.
SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable


def status_after(script: str, *, before: tuple[str, ...] = (), **env: str) -> dict[str, str]:
    """What /proc says of a process that has run `script` as root."""
    ran = subprocess.run(
        [*before, SYSTEM_PYTHON, "-c", f"from paris.cli import privileges\n{script}\n{STATUS}"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **env},
    )  # fmt: skip
    return dict(line.split(":\t", 1) for line in ran.stdout.splitlines() if ":\t" in line)


def test_give_up_drops_every_capability_and_every_way_to_regain_one() -> None:
    status = status_after("privileges.give_up()")
    for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert status[name] == NONE, name
    assert status["NoNewPrivs"] == "1"


def test_after_give_up_neither_the_process_nor_its_children_have_capabilities() -> None:
    script = (
        "privileges.give_up()\n"
        "import socket, subprocess\n"
        "try: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('opened')\n"
        "except PermissionError: print('refused')\n"
        "print(subprocess.run(['grep', 'CapEff', '/proc/self/status'], capture_output=True,"
        " text=True).stdout)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", f"from paris.cli import privileges\n{script}"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip
    assert ran.stdout.split() == ["refused", "CapEff:", NONE]


def test_give_up_drops_ambient_capabilities_too() -> None:
    setpriv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               "--inh-caps=+net_raw", "--ambient-caps=+net_raw")  # fmt: skip
    held = status_after("", before=setpriv)
    assert held["CapEff"] == "0000000000002000"
    status = status_after("privileges.give_up()", before=setpriv)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert status[name] == NONE, name


def test_under_sudo_the_process_becomes_the_caller_with_three_capabilities() -> None:
    status = status_after("privileges.become_caller()", SUDO_UID="65534", SUDO_GID="65533")
    assert status["Uid"].split() == ["65534"] * 4
    assert status["Gid"].split() == ["65533"] * 4
    # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW
    assert int(status["CapEff"], 16) == 1 << 10 | 1 << 12 | 1 << 13
    status = status_after(
        "privileges.become_caller(); privileges.give_up()", SUDO_UID="65534", SUDO_GID="65533"
    )
    assert (status["CapEff"], status["CapPrm"]) == (NONE, NONE)


@pytest.mark.parametrize("uid", ["0", "", "someone"])
def test_without_a_calling_user_root_stays_root(uid: str) -> None:
    status = status_after("privileges.become_caller()", SUDO_UID=uid, SUDO_GID="0")
    assert status["Uid"].split() == ["0"] * 4


@pytest.mark.parametrize("wire", ["raw", "unprivileged", "bulk"])
def test_a_running_trace_has_no_capabilities(wire: str) -> None:
    with netlab.lab(netlab.plain(3)) as lab:
        options = ("--mda", "-n", "--rate", "5", "--wire", wire)
        with on_terminal(lab.at_source(*command_line(str(TARGET[4]), *options))) as command:
            command.wait_for_answers(1)
            # `ip netns exec` and `env` became the interpreter.
            status = Path(f"/proc/{command.process.pid}/status").read_text()
            command.process.send_signal(signal.SIGINT)
            _, out, _ = command.finish()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Name"].startswith("python")
    for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert fields[name] == NONE, name
    assert fields["NoNewPrivs"] == "1"
    assert "198.51.100.1" in out
    assert "interrupted: unfinished" in out


def test_under_sudo_files_belong_to_the_caller(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65533)
    # Who could not go on as the caller stays root: so it is where the interpreter is root's alone.
    can_read = not subprocess.run([*NOBODY, "test", "-r", os.__file__], check=False).returncode
    open_to_all(tmp_path)
    with netlab.lab(netlab.plain(2)) as lab:
        command = command_line(str(TARGET[4]), "-n", "-o", f"{theirs}/x.json")
        as_sudo = [*command[:2], "SUDO_UID=65534", "SUDO_GID=65533", *command[2:]]
        ran = lab.run(*as_sudo)
        elsewhere = lab.run(*as_sudo[:-1], "/etc/paris-trace-test.json")
        Path("/etc/paris-trace-test.json").unlink(missing_ok=True)
    if not can_read:
        assert ran.returncode == ExitCode.OUTPUT
        assert "root drops its privileges before it measures" in ran.stderr
        assert elsewhere.returncode == 0
        assert "stays root" in elsewhere.stderr
        return
    assert (ran.returncode, ran.stderr) == (0, "")
    owner = (theirs / "x.json").stat()
    assert (owner.st_uid, owner.st_gid) == (65534, 65533)
    assert '"wire": "raw"' in (theirs / "x.json").read_text()
    assert elsewhere.returncode == ExitCode.OUTPUT
    assert "permission denied" in elsewhere.stderr


def test_root_says_that_it_stays_root_where_the_caller_cannot_read_the_program(
    tmp_path: Path,
) -> None:
    for package in ("paris", "mda", "render"):
        shutil.copytree(CHECKOUT / package, tmp_path / package)
    tmp_path.chmod(0o700)
    command = (sys.executable, "-P", "-m", "paris", str(TARGET[4]), "-n")
    stays = "paris-trace: this process stays root, and gives up its capabilities before it reads a "
    stays += "reply: "
    with netlab.lab(netlab.plain(1)) as lab:
        for gid, why in (
            ("65533", "the user who called sudo cannot read this program"),
            ("x", "SUDO_UID and SUDO_GID are not a user and a group"),
        ):
            caller = (f"PYTHONPATH={tmp_path}", "SUDO_UID=65534", f"SUDO_GID={gid}")
            ran = lab.run("env", *caller, *command)
            assert (ran.returncode, ran.stderr) == (0, f"{stays}{why}\n")
        ran = lab.run("env", f"PYTHONPATH={tmp_path}", "SUDO_UID=0", "SUDO_GID=0", *command)
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    "caller", ["9" * 5000, "4294967295", "99999999999", "٣", "-1", "x", "\udcff", ""]
)
def test_an_odd_number_of_a_caller_is_not_believed(caller: str) -> None:
    status = status_after("privileges.become_caller()", SUDO_UID=caller, SUDO_GID="1")
    assert status["Uid"].split() == ["0"] * 4
