"""Runs at the same time, of one seed and so of equal headers: each is right."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from paris.packets.tags import FIRST_TAG, HIGHEST_TAG
from paris.wire.linux.own_tags import own_tags
from tests.lab import netlab
from tests.lab.command import Found, start_at
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET

if TYPE_CHECKING:
    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

SURE = ("--mda", "-c", "99.9", "--seed", "1", "-n", "-j")
PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}


def together(lab: Lab, *options: str, privileged: bool, runs: int = 3) -> list[Found]:
    """What runs with the same options found that began at the same moment."""
    arguments = (*SURE, *options)
    started = [
        start_at(lab.namespace("src"), *arguments, privileged=privileged) for _ in range(runs)
    ]
    ended = [running.finish() for running in started]
    return [Found(json.loads(ran.stdout), ran.returncode, ran.stderr) for ran in ended]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", ["raw", "bulk", "unprivileged"])
def test_concurrent_runs_of_one_seed_are_each_right(wire: str, version: int) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        lab.set("src", PING_SOCKETS)
        for protocol in ("-U", "-I", "-T"):
            options = (str(TARGET[version]), protocol, "--wire", wire, "--rate", "400")
            each = together(lab, *options, privileged=wire != "unprivileged")
            for found in each:
                run = found.document["run"]
                assert found.stderr == ""
                assert run["unmatched"] == {}, protocol
                assert run["answered"] == run["probes_sent"]
                if protocol != "-I":  # Linux hashes no field of ICMP
                    assert found.truth == lab.truth(version)
            ports = {found.document["plan"]["sport"] for found in each}
            assert len(ports) == 1 or wire == "unprivileged"


def test_runs_share_no_tag_as_long_as_there_are_enough() -> None:
    with (
        netlab.lab(netlab.plain(1)) as lab,
        inside_namespace(lab.namespace("src")),
        ExitStack() as stack,
    ):
        runs = [stack.enter_context(closing(own_tags())) for _ in range(5)]
        drawn = [list(islice(run, 4000)) for run in runs]
        every = [tag for tags in drawn for tag in tags]
        assert len(set(every)) == len(every) == 20_000
        assert min(every) >= FIRST_TAG
        assert max(every) <= HIGHEST_TAG
        # One run takes all that is left, and then its own again.
        more = list(islice(runs[0], 80_000))
        assert set(more).isdisjoint(tag for tags in drawn[1:] for tag in tags)
        # Whoever comes too late has some all the same.
        assert len(list(islice(own_tags(), 3000))) == 3000
        stack.close()
        with closing(own_tags()) as tags:
            assert len(set(islice(tags, HIGHEST_TAG))) == HIGHEST_TAG
