"""Name servers that are dead, slow or hostile: they cost a second and a line, and harm nothing."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import netlab
from tests.lab.command import command_line
from tests.lab.netlab import TARGET, Lab

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
DISARMING = "\u200b"  # follows a backslash in DOT, where that would begin an escape
ASK = (
    "from ipaddress import ip_address; from paris.lookup.names import NameSearch; "
    "import time; print(time.monotonic(), "
    "NameSearch(()).find([ip_address(f'192.0.2.{n}') for n in range(1, 40)], print))"
)


@contextmanager
def name_server(lab: Lab, kinds: dict[str, str]) -> Iterator[None]:
    """A name server at the source, which says of each address what `name_server` says of a kind."""
    words = (f"{address}={kind}" for address, kind in kinds.items())
    command = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "tests.lab.name_server")
    with lab.background("src", *command, *words):
        yield


def run(lab: Lab, folder: Path, *command: str, **files: str) -> subprocess.CompletedProcess[str]:
    """Run a command at the source, where the system's resolver asks the server.

    `files` are the contents of further ones of /etc, by their names up to the point.
    """
    settings = {"resolv": "nameserver 127.0.0.1\n", **files}
    # What `ip netns exec` runs has its own mounts: nobody else sees these.
    script = "".join(f"mount --bind {folder}/{name} /etc/{name}*; " for name in settings)
    for name, text in settings.items():
        (folder / name).write_text(text)
    return lab.run("sh", "-ec", f'{script}exec "$@"', "sh", *command)


def test_a_dead_name_server_costs_a_second_and_a_line(tmp_path: Path) -> None:
    kinds = {f"192.0.2.{n}": "silent" for n in range(1, 40)}
    with netlab.lab(netlab.plain(1)) as lab, name_server(lab, kinds):
        ran = run(lab, tmp_path, "env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-c", ASK)
        ended_s = time.monotonic()
    said, found = ran.stdout.splitlines()
    began_s, names = found.split()
    assert said.startswith("no answer from the name service for 39 of 39 addresses")
    assert (names, ran.stderr) == ("{}", "")
    # The resolver itself gives a dead server at least five seconds.
    assert 1.0 <= ended_s - float(began_s) < 4


def test_names_are_asked_for_during_the_trace_by_whatever_means_the_system_has(
    tmp_path: Path,
) -> None:
    saved = tmp_path / "x.json"
    with netlab.lab(netlab.plain(4)) as lab:
        first, second = (str(lab.shown(*pair, 4)) for pair in (("src", "r1"), ("r1", "r2")))
        # At this rate the trace goes on for longer than the slow name takes.
        command = command_line(str(TARGET[4]), "-o", str(saved), "--rate", "12")
        hosts = f"{second} gate.example\n"
        with name_server(lab, {first: "slow", second: "silent"}):
            ran = run(lab, tmp_path, *command, hosts=hosts)
        assert ran.stderr == ""
        names = json.loads(saved.read_text())["names"]
        assert names == {first: "slow.example.net", second: "gate.example"}
        ran = run(lab, tmp_path, *command, hosts=hosts, nsswitch="hosts: files\n")
        assert ran.stderr == ""
        assert json.loads(saved.read_text())["names"] == {second: "gate.example"}


def test_where_a_name_server_is_silent_the_next_is_asked(tmp_path: Path) -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        first = str(lab.shown("src", "r1", 4))
        asked = ("--resolver", "127.0.0.9", "--resolver", "127.0.0.1")
        with name_server(lab, {first: "good"}):
            ran = run(lab, tmp_path, *command_line(str(TARGET[4]), *asked))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"{first}  gw.example.net" in ran.stdout


def test_hostile_names_are_harmless_in_every_output(tmp_path: Path) -> None:
    kinds = ("good", "none", "silent", "garbage", "steering", "bidi", "long", "stranger", "loop")
    kinds_of_file = ("json", "txt", "dot", "svg", "csv", "jsonl", "html", "mmd")
    files = [tmp_path / f"x.{suffix}" for suffix in kinds_of_file]
    outputs = [word for file in files for word in ("-o", str(file))]
    routers = [f"r{hop}" for hop in range(1, len(kinds) + 1)]
    with netlab.lab(netlab.plain(len(kinds))) as lab:
        shown = [str(lab.shown(*pair, 4)) for pair in pairwise(("src", *routers))]
        with name_server(lab, dict(zip(shown, kinds, strict=True))):
            # The system's resolver leaves out names that no host may have.
            for options, known, bad in (
                ((), {0, 6}, 3),
                (("--resolver", "127.0.0.1"), {0, 4, 5, 6}, 4),
            ):
                ran = run(lab, tmp_path, *command_line(str(TARGET[4]), *outputs, *options))
                assert ran.stderr == (
                    f"paris-trace: no answer from the name service for {bad} of 10 addresses; "
                    "-n leaves out names\n"
                )
                names = json.loads(files[0].read_text())["names"]
                assert {shown.index(address) for address in names} == known
                assert names[shown[0]] == "gw.example.net"
                assert all(name.isascii() and name.isprintable() for name in names.values())
                for file in files:
                    lines = file.read_text().replace(DISARMING, "").splitlines()
                    assert all(line.strip().isprintable() for line in lines), file
                    assert not any(line.lstrip().startswith("forged") for line in lines), file
                assert "<script>" not in files[3].read_text()
                # Our own and the data; what browsers make of names is in tests/render/page.
                assert files[6].read_text().lower().count("<script") == 2
