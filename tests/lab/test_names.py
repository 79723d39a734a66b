"""A name server that never answers holds up neither the names nor the end of the program."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.lab import netlab

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
SERVE = (
    "import signal, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    "s.bind(('127.0.0.1', 53)); print('ready', flush=True); signal.pause()"
)
ASK = (
    "from ipaddress import ip_address; from paris.lookup.names import names; "
    "import time; print(time.monotonic(), "
    "names([ip_address(f'192.0.2.{n}') for n in range(1, 40)], wait_s=0.5))"
)


def test_a_dead_name_server_costs_no_more_than_the_allowed_time(tmp_path: Path) -> None:
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    # What `ip netns exec` runs has its own mounts: nobody else sees this one.
    script = f'mount --bind {resolver} /etc/resolv.conf; exec {sys.executable} -c "$0"'
    with netlab.lab(netlab.plain(1)) as lab, lab.background("src", sys.executable, "-c", SERVE):
        run = lab.run("env", f"PYTHONPATH={CHECKOUT}", "sh", "-ec", script, ASK)
        ended_s = time.monotonic()
    began_s, names = run.stdout.split()
    assert (names, run.stderr) == ("{}", "")
    # The resolver itself gives a dead server at least five seconds.
    assert 0.5 <= ended_s - float(began_s) < 4
