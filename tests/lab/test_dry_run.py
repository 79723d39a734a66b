"""A dry run over a real network sends no packet, by any wire, and says which it would use."""

from __future__ import annotations

from pathlib import Path

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import run_at
from tests.lab.netlab import TARGET

pytestmark = pytest.mark.lab

WAYS = (
    (("--mda",), "raw"),
    (("--mda", "--wire", "unprivileged"), "unprivileged"),
    (("-T", "--wire", "unprivileged"), "unprivileged"),
    (("--mda", "--wire", "bulk", "--link"), "bulk"),
    (("--compare", "udp,tcp/443"), "raw"),
    (("--auto",), "raw"),
    (("-p", "443", "-T", "--diagnose"), "raw"),
    (("--watch", "1", "--mda"), "raw"),
)


def test_no_packet_leaves() -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        host = str(TARGET[4])
        near = lab.interface("src", "r1")

        def sent() -> int:
            file = Path("/sys/class/net") / near / "statistics" / "tx_packets"
            return int(lab.run("cat", str(file)).stdout)

        lab.set("src", {"net/ipv6/conf/all/disable_ipv6": 1})  # which speaks by itself
        before = sent()
        for options, wire in WAYS:
            ran = run_at(lab.namespace("src"), host, "-n", "--dry-run", *options)
            assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, ""), options
            assert f"\nwire:       {wire}, from {lab.source(4)}\n" in ran.stdout
            assert sent() == before, options
        assert run_at(lab.namespace("src"), host, "-n", "--mda").returncode == ExitCode.REACHED
        assert sent() > before
