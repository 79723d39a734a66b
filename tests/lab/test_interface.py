"""`-i NAME` where routing by NAME is not what the main table says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import trace
from tests.lab.netlab import TARGET, TARGETS, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

OPEN_PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
LINK = {4: "198.51.100.0/31", 6: "2001:db8:1::/64"}
ELSEWHERE = {4: "10.99.0.1/24", 6: "2001:db8:99::1/64"}


@contextmanager
def own_table(version: int, *, elsewhere: bool) -> Iterator[Lab]:
    """A lab whose source knows the way only by a rule for its interface.

    With `elsewhere` the main table has another way, which leads nowhere.
    """
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        gateway = lab.shown("src", "r1", version)
        commands = [
            f"route del {TARGETS[version]}",
            f"route del {LINK[version]} dev v0n",
            f"route add {LINK[version]} dev v0n table 100",
            f"route add {TARGETS[version]} via {gateway} dev v0n table 100",
            "rule add oif v0n lookup 100",
        ]
        if elsewhere:
            commands += [
                "link add x0 type veth peer name x1",
                f"addr add {ELSEWHERE[version]} dev x0 {'nodad' * (version == 6)}",
                "link set x0 up",
                "link set x1 up",
                f"route add {TARGETS[version]} dev x0",
            ]
        for command in commands:
            done = lab.run("ip", f"-{version}", *command.split())
            assert done.returncode == 0, (command, done.stderr)
        yield lab


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", ["raw", "unprivileged", "bulk", "bulk --link"])
def test_the_path_through_the_chosen_interface_is_traced(
    wire: str, version: int, *, elsewhere: bool
) -> None:
    with own_table(version, elsewhere=elsewhere) as lab:
        last = max(ttl for ttl, _ in lab.truth(version).vertices)
        for protocol in ("-U", "-I", "-T"):
            options = protocol, "-i", "v0n", "--wire", *wire.split()
            found = trace(lab, version, *options, privileged=wire != "unprivileged")
            closed = ExitCode.PORT_CLOSED if protocol == "-T" else ExitCode.REACHED
            assert (found.exit_code, found.stderr) == (closed, ""), protocol
            assert found.truth.vertices <= lab.truth(version).vertices
            assert (last, TARGET[version]) in found.truth.vertices
