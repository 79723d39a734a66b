"""Wherever a signal ends the command: what was measured is on disk, and every file is whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from paris.formats import capture
from tests.lab import netlab
from tests.lab.captures import packets_in
from tests.lab.command import as_nobody, command_line, open_to_all
from tests.lab.netlab import TARGET, Lab
from tests.support.commands import run
from tests.support.terminal import on_terminal
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.lab

# It never answers, and says when it is asked.
SERVE = (
    "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    "s.bind(('127.0.0.1', 53)); print('ready', flush=True); "
    "s.recv(9); print('asked', flush=True); s.settimeout(None); [s.recv(9) for _ in iter(int, 1)]"
)
NOWHERE = ("XDG_STATE_HOME=/proc/1", "HOME=/proc/1", "TMPDIR=/proc/1")
MEASURED = ("--mda", "--seed", "1")
MEASURED_ALL = b'"stopped": "complete"'  # ends a journal


@contextmanager
def looking_up(lab: Lab, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A trace that has been measured, and now waits for a name server that never answers."""
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    # What `ip netns exec` runs has its own mounts: nobody else sees this one.
    script = f'mount --bind {resolver} /etc/resolv.conf; exec "$@"'
    command = command_line(str(TARGET[4]), *MEASURED, *options)
    with subprocess.Popen(
        lab.at_source(sys.executable, "-c", SERVE), stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        with subprocess.Popen(
            lab.at_source("sh", "-ec", script, "sh", *command),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        ) as process:  # fmt: skip
            try:
                assert server.stdout.readline() == "asked\n"
                # Names are asked for during the measurement, and waited for behind its end.
                wait_until(
                    lambda: any(MEASURED_ALL in own.read_bytes() for own in journals(folder))
                )
                yield process
            finally:
                process.kill()
                server.kill()


def journals(folder: Path) -> list[Path]:
    return sorted(folder.rglob("paris-trace-*.pcapng"))


def test_a_signal_while_names_are_looked_up_ends_that_and_every_file_is_written(
    tmp_path: Path,
) -> None:
    saved = tmp_path / "r.json"
    with netlab.lab(netlab.diamond(2)) as lab:
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with looking_up(lab, tmp_path, "-o", str(saved)) as process:
                process.send_signal(how)
                out, err = process.communicate(timeout=LONGEST_S)
            assert process.returncode == ExitCode.INTERRUPTED
            assert err == "paris-trace: interrupted: what is shown of addresses was not looked up\n"
            assert "reached in 5 hops" in out
            document = json.loads(saved.read_text())
            assert (document["run"]["stopped"], document["names"]) == ("complete", {})
            assert journals(tmp_path) == []
            saved.unlink()


def test_a_kill_while_names_are_looked_up_leaves_the_whole_measurement(tmp_path: Path) -> None:
    with netlab.lab(netlab.diamond(2)) as lab, looking_up(lab, tmp_path) as process:
        process.kill()
    (journal,) = journals(tmp_path / "state")
    ran = run("--replay", str(journal), "-j")
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads(ran.stdout)
    assert document["run"]["stopped"] == "complete"
    assert document["run"]["answered"] == document["run"]["probes_sent"] > 10


def replies_in(journal: Path) -> int:
    if packets_in(journal) == 0:
        return 0
    packets = capture.read(journal.read_bytes(), journal.name).packets
    return sum(packet.request is None for packet in packets)


def ended(
    lab: Lab, folder: Path, how: Sequence[signal.Signals], *options: str
) -> tuple[int, str, str]:
    """Exit code, output and standard error of a slow trace that got signals after some replies.

    They are in its journals below `folder`, which are written behind what the terminal shows.
    """
    command = command_line(str(TARGET[4]), *MEASURED, "-n", "--rate", "30", *options)
    with on_terminal(lab.at_source(*command)) as running:
        running.wait_for_answers(12)
        wait_until(lambda: sum(map(replies_in, journals(folder))) >= 12)
        for number in how:
            running.process.send_signal(number)
        return running.finish()


def test_a_kill_leaves_all_replies_so_far_beside_the_first_output(tmp_path: Path) -> None:
    saved = tmp_path / "r.json"
    saved.write_text("what was there before")
    with netlab.lab(netlab.diamond(4)) as lab:
        exit_code, _, _ = ended(lab, tmp_path, [signal.SIGKILL], "-o", str(saved))
    assert exit_code == -signal.SIGKILL
    assert saved.read_text() == "what was there before"
    (journal,) = journals(tmp_path)
    ran = run("--replay", str(journal), "-j")
    assert ran.returncode == ExitCode.INTERRUPTED
    found = json.loads(ran.stdout)["run"]
    assert (found["stopped"], found["answered"] >= 12) == ("interrupted", True)


def test_a_comparison_has_a_journal_for_each_protocol(tmp_path: Path) -> None:
    saved = tmp_path / "r.json"
    with netlab.lab(netlab.diamond(2)) as lab:
        asked = ("--compare", "udp,tcp/443", "-o", str(saved))
        assert ended(lab, tmp_path, [signal.SIGKILL], *asked)[0] == -signal.SIGKILL
        found = [json.loads(run("--replay", str(own), "-j").stdout) for own in journals(tmp_path)]
        assert [trace["plan"]["protocol"] for trace in found] == ["tcp", "udp"]
        assert all(trace["run"]["answered"] >= 5 for trace in found)
        for journal in journals(tmp_path):
            journal.unlink()
        exit_code, out, _ = ended(lab, tmp_path, [signal.SIGHUP], *asked)
    assert exit_code == ExitCode.INTERRUPTED
    assert out.count("interrupted: unfinished") == 2
    views = json.loads(saved.read_text())["views"]
    assert {view["trace"]["run"]["stopped"] for view in views} == {"interrupted"}
    assert journals(tmp_path) == []


def test_repeated_signals_end_the_command_which_keeps_the_packets(tmp_path: Path) -> None:
    pipe, packets = tmp_path / "pipe.json", tmp_path / "r.pcapng"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    filler = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    os.write(filler, bytes(1 << 16))  # it is full, so the command waits there for ever
    outputs = ("-o", str(pipe), "-o", str(packets))
    command = command_line(str(TARGET[4]), *MEASURED, "-n", "--rate", "30", *outputs)
    with netlab.lab(netlab.diamond(2)) as lab, on_terminal(lab.at_source(*command)) as running:
        running.wait_for_answers(12)

        def has_ended() -> bool:
            running.process.send_signal(signal.SIGINT)
            return running.process.poll() is not None

        wait_until(has_ended)
        exit_code, _, err = running.finish()
    os.close(filler)
    os.close(reader)
    assert (exit_code, "interrupted" in err) == (ExitCode.INTERRUPTED, True)
    assert journals(tmp_path) == []
    assert run("--replay", str(packets)).returncode == ExitCode.INTERRUPTED


def test_a_full_disk_leaves_the_good_file_and_the_measurement_elsewhere(tmp_path: Path) -> None:
    disk, state = tmp_path / "disk", tmp_path / "state"
    disk.mkdir()
    saved = disk / "r.json"
    command = command_line(str(TARGET[4]), *MEASURED, "-n", "-o", str(saved))
    script = (
        f"mount -t tmpfs -o size=$0 tmpfs {disk}; echo before > {saved}; status=0; "
        f'"$@" || status=$?; echo; cat {saved}; ls -A {disk}; exit $status'
    )
    with netlab.lab(netlab.diamond(4)) as lab:
        ran = lab.run("env", f"XDG_STATE_HOME={state}", "sh", "-ec", script, "16k", *command)
        part = lab.run("env", *NOWHERE, "sh", "-ec", script, "8k", *command)
    assert part.returncode == ExitCode.OUTPUT
    assert "paris-trace: the journal ends early: No space left on device\n" in part.stderr
    assert ran.returncode == ExitCode.OUTPUT
    (journal,) = journals(tmp_path)
    assert ran.stderr.splitlines() == [
        f"paris-trace: cannot write {saved}: No space left on device",
        f"paris-trace: what was measured is in {journal}, for --replay",
    ]
    assert ran.stdout.splitlines()[-2:] == ["before", "r.json"]
    assert run("--replay", str(journal)).returncode == 0


def test_without_any_place_for_a_journal_every_output_is_written_and_a_line_says_so(
    tmp_path: Path,
) -> None:
    open_to_all(tmp_path)
    files = [tmp_path / "r.json", tmp_path / "r.pcapng"]
    for file in files:  # nobody may write these, and nothing beside them
        file.write_text("what was there before")
        file.chmod(0o666)
    outputs = [part for file in files for part in ("-o", str(file))]
    with netlab.lab(netlab.plain(1)) as lab:
        for command in (
            as_nobody(command_line(str(TARGET[4]), "-n")),
            as_nobody(command_line(str(TARGET[4]), "-n", *outputs)),
            command_line(str(TARGET[4]), "-n", "--compare", "udp,icmp"),
        ):
            ran = lab.run("env", *NOWHERE, *command)
            assert ran.returncode == 0, ran.stderr
            assert ran.stderr.startswith("paris-trace: no folder takes a journal: ")
            assert ran.stderr.count("\n") == 1
            assert "reached in 2 hops" in ran.stdout
    document = json.loads(files[0].read_text())
    assert json.loads(run("--replay", str(files[1]), "-j").stdout)["run"] == document["run"]
    assert sorted(tmp_path.iterdir()) == files
