"""Several protocols at once through kernel routers: each sees what it sees alone."""

from __future__ import annotations

import json

import pytest

from tests.lab import netlab
from tests.lab.command import Found, run_at
from tests.lab.netlab import TARGET

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("version", [4, 6])
def test_compare_finds_the_paths_of_each_protocol(version: int) -> None:
    # Linux hashes no field of ICMP here, so every echo request takes the same branch.
    with netlab.lab(netlab.diamond(4)) as lab:
        run = run_at(
            lab.namespace("src"), str(TARGET[version]), "-n", "-c", "99.9",
            "--compare", "udp,tcp/443,icmp",
            "--seed", "1", "-o", "-", "--format", "json",
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (0, "")
        document = json.loads(run.stdout)
        views = {view["name"]: Found(view["trace"], 0, "").truth for view in document["views"]}
        assert views["udp"] == views["tcp/443"] == lab.truth(version)
        assert views["icmp"].edges < views["udp"].edges
        branches = [address for ttl, address in views["icmp"].vertices if ttl == 3]
        assert len(branches) == 1
        by_number = {len(edge["seen_by"]) for edge in document["graph"]["edges"]}
        assert by_number == {2, 3}


def test_without_privilege_compare_is_refused_in_one_line() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        source = lab.namespace("src")
        found = run_at(source, str(TARGET[4]), "--compare", "udp,icmp", privileged=False)
        assert (found.returncode, found.stderr.count("\n")) == (4, 1)
        assert "CAP_NET_RAW" in found.stderr
