"""What the labs say of themselves is what Debian's traceroute sees in them."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from tests.lab import netlab
from tests.lab.netlab import TARGET, Edge, Lab

if TYPE_CHECKING:
    from mda.model import IPAddress

pytestmark = pytest.mark.lab

# With sixteen equal branches, so many flows leave one out once in a thousand choices of seeds.
FLOWS = 150
FIRST_PORT = 20000


def edges_seen(lab: Lab, version: int, options: str, flows: int, wait_s: float = 9.0) -> set[Edge]:
    """The edges of `flows` runs of traceroute; `$port` in `options` is each one's own."""
    last = FIRST_PORT + flows - 1
    traceroute = f"traceroute -{version} -n -q 1 -w {wait_s} -m 9 {options} {TARGET[version]}"
    script = f"for port in $(seq {FIRST_PORT} {last}); do {traceroute}; done"
    run = lab.run("sh", "-ec", script)
    assert (run.returncode, run.stderr) == (0, "")
    edges: set[Edge] = set()
    near: tuple[int, IPAddress | None] = (0, lab.source(version))
    for ttl, responder in re.findall(r"^ *(\d+)  (\S+)", run.stdout, flags=re.MULTILINE):
        if ttl == "1":
            near = (0, lab.source(version))
        far = (int(ttl), None if responder == "*" else ip_address(responder))
        edges.add((near, far))
        near = far
    return edges


@pytest.mark.parametrize("name", netlab.TOPOLOGIES)
@pytest.mark.parametrize("version", [4, 6])
def test_the_truth_of_a_lab_is_what_many_flows_of_traceroute_find(name: str, version: int) -> None:
    with netlab.lab(netlab.TOPOLOGIES[name]) as lab:
        truth = lab.truth(version)
        assert edges_seen(lab, version, "-U --sport=$port", FLOWS) == truth.edges
        assert {far for _, far in truth.edges} == {
            vertex for vertex in truth.vertices if vertex[0] > 0
        }


@pytest.mark.parametrize("version", [4, 6])
def test_tcp_flows_of_traceroute_find_the_truth_of_a_lab(version: int) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        assert edges_seen(lab, version, "-T --sport=$port", 40) == lab.truth(version).edges


@pytest.mark.parametrize("version", [4, 6])
def test_icmp_probes_of_traceroute_find_one_path_of_a_lab(version: int) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        seen = edges_seen(lab, version, "-I", 10)
        assert seen < lab.truth(version).edges
        assert len(seen) == 5


@pytest.mark.parametrize("version", [4, 6])
def test_a_silent_router_of_a_lab_is_silent_to_traceroute(version: int) -> None:
    with netlab.lab(netlab.diamond(4), silent=["a2"]) as lab:
        # Each flow by the silent router waits; a busy machine takes less than this to reply.
        seen = edges_seen(lab, version, "-U --sport=$port", 20, wait_s=1.0)
        assert seen == lab.truth(version).edges


def test_a_lab_is_removed_even_after_a_failure() -> None:
    def fail() -> None:
        with netlab.lab(netlab.diamond(2)) as lab:
            prefixes.append(lab.prefix)
            raise ZeroDivisionError

    prefixes: list[str] = []
    with pytest.raises(ZeroDivisionError):
        fail()
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert prefixes[0] not in listed.stdout
