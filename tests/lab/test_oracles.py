"""What programs that nobody here wrote see on the same networks: scamper, traceroute, tshark."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from mda.trace import Trace
from paris import replay
from paris.formats import native, warts
from tests.lab import netlab
from tests.lab.captures import packets_in
from tests.lab.command import trace
from tests.lab.netlab import TARGET
from tests.support.analyses import analysis
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

# The fields of a probe that routers hash, by version and protocol, as tshark names them.
HASHED = {
    (4, "udp"): ("ip.src", "ip.dst", "ip.proto", "ip.dsfield", "udp.srcport", "udp.dstport"),
    (4, "tcp"): ("ip.src", "ip.dst", "ip.proto", "ip.dsfield", "tcp.srcport", "tcp.dstport"),
    (4, "icmp"): ("ip.src", "ip.dst", "ip.proto", "ip.dsfield", "icmp.type", "icmp.code",
                  "icmp.checksum"),
    (6, "udp"): ("ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.tclass", "ipv6.flow", "udp.srcport",
                 "udp.dstport"),
    (6, "tcp"): ("ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.tclass", "ipv6.flow", "tcp.srcport",
                 "tcp.dstport"),
    (6, "icmp"): ("ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.tclass", "ipv6.flow", "icmpv6.type",
                  "icmpv6.code", "icmpv6.checksum"),
}  # fmt: skip
CHECKSUM_STATUS = {
    "udp": "udp.checksum.status", "tcp": "tcp.checksum.status",
    (4, "icmp"): "icmp.checksum.status", (6, "icmp"): "icmpv6.checksum.status",
}  # fmt: skip
TTL = {4: "ip.ttl", 6: "ipv6.hlim"}
GOOD = "1"


@pytest.mark.parametrize("protocol", ["udp", "icmp", "tcp"])
@pytest.mark.parametrize("version", [4, 6])
def test_tshark_finds_right_checksums_and_constant_hashed_fields_within_a_flow(
    version: int, protocol: str, tmp_path: Path
) -> None:
    capture = tmp_path / "probes.pcapng"
    to_target = f"dst host {TARGET[version]}"
    with netlab.lab(netlab.diamond(2)) as lab, _captured(lab, capture, to_target):
        found = trace(lab, version, "--mda", f"--{protocol}", "--seed", "1")
        wait_until(lambda: packets_in(capture) >= found.document["run"]["probes_sent"])
    rows = _read(
        capture,
        "frame",
        (
            *HASHED[version, protocol],
            TTL[version],
            *(["ip.checksum.status"] if version == 4 else []),
            CHECKSUM_STATUS.get(protocol) or CHECKSUM_STATUS[version, protocol],
        ),
    )
    assert len(rows) == found.document["run"]["probes_sent"]
    hashed = len(HASHED[version, protocol])
    assert all(status == GOOD for row in rows for status in row[hashed + 1 :])
    ttls_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows:
        ttls_of[tuple(row[:hashed])].append(row[hashed])
    outcomes = found.document["outcomes"]
    assert len(ttls_of) == len({outcome["flow"] for outcome in outcomes})
    # The flows that tshark tells apart are those of the record, TTL by TTL.
    recorded: dict[int, list[str]] = defaultdict(list)
    for outcome in outcomes:
        recorded[outcome["flow"]].append(str(outcome["ttl"]))
    assert sorted(map(sorted, ttls_of.values())) == sorted(map(sorted, recorded.values()))


def test_scamper_finds_the_same_interfaces(tmp_path: Path) -> None:
    file = tmp_path / "x.warts"
    with netlab.lab(netlab.diamond(4)) as lab:
        ours = trace(lab, 4, "--mda", "-c", "99.9", "--seed", "1")
        # Scamper derives its ports from its process ID, whatever tracelb's -s says. As the first
        # process of a new namespace it sends the same flows each time, and never misses a branch.
        run = lab.run(
            "unshare", "--pid", "--fork", "scamper", "-O", "warts", "-o", str(file), "-p", "1000",
            "-c", "tracelb -P udp-sport -c 95 -W 15 -w 1", "-i", str(TARGET[4]),
        )  # fmt: skip
    assert run.returncode == 0
    told = subprocess.run(["sc_warts2json", file], capture_output=True, text=True, check=True)
    records = [json.loads(line) for line in told.stdout.splitlines()]
    (record,) = [record for record in records if record["type"] == "tracelb"]
    seen = {node["addr"] for node in record["nodes"]}
    seen |= {cell["addr"] for node in record["nodes"] for row in node["links"] for cell in row}
    interfaces = {str(address) for ttl, address in ours.truth.vertices if ttl > 0}
    assert seen == interfaces
    # Both saw the same links, so the analysis of both says the same, but for the flows sent.
    theirs, own = (
        analysis(each) for each in (json.loads(native.write(replayed(file))), ours.document)
    )
    measured = ("empirical_difference", "empirical_low", "empirical_high")
    for name in ("diamonds", "balancers"):
        assert len(theirs[name]) == len(own[name]) == 1
        for left, right in zip(theirs[name], own[name], strict=True):
            of_flows = (*measured, "split", "repeats", "may_be_one_router", "differ_by")
            same = left.keys() - of_flows
            assert same == right.keys() - of_flows
            assert {field: left[field] for field in same} == {field: right[field] for field in same}
    for shares in ("shares of vertices", "shares of edges"):
        assert theirs[shares].keys() == own[shares].keys()
        whole = (
            {name for name, share in each[shares].items() if share == 1} for each in (theirs, own)
        )
        assert next(whole) == next(whole)
    assert theirs["certainty"].keys() == own["certainty"].keys()
    for left, right in zip(theirs["certainty"].values(), own["certainty"].values(), strict=True):
        assert left["successors"] == right["successors"]
    (balancer,) = (each["vertex"] for each in own["balancers"])
    for each in (theirs, own):
        assert each["certainty"][balancer]["finished"]
        assert each["certainty"][balancer]["successors"] == 4
    # Of the same probes it is the same in all.
    written = tmp_path / "ours.warts"
    written.write_bytes(warts.write(Trace.of(native.read_record(ours.document, "ours"))))
    assert analysis(json.loads(native.write(replayed(written)))) == own


def replayed(file: Path) -> Trace:
    found = replay.saved(str(file))
    assert isinstance(found, Trace)
    return found


@pytest.mark.parametrize("version", [4, 6])
def test_traceroute_with_the_same_ports_takes_the_same_paths(version: int) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        ours = trace(lab, version, "--mda", "-c", "99.9", "--sport", "20000", "--seed", "1")
        paths: dict[int, dict[int, str]] = defaultdict(dict)
        for outcome in ours.document["outcomes"]:
            if outcome.get("kind") == "time-exceeded":
                paths[outcome["flow"]][outcome["ttl"]] = outcome["responder"]
        whole = [flow for flow, path in sorted(paths.items()) if sorted(path) == [1, 2, 3, 4]]
        assert len(whole) >= 6
        for flow in whole[:8]:
            run = lab.run(
                "traceroute", f"-{version}", "-n", "-q", "1", "-w", "9", "-m", "4", "-U",
                f"--sport={20000 + flow}", "-p", "33434", str(TARGET[version]),
            )  # fmt: skip
            hops = re.findall(r"^ *(\d+)  (\S+) ", run.stdout, flags=re.MULTILINE)
            assert {int(ttl): address for ttl, address in hops} == paths[flow]


@pytest.mark.xdist_group("timing")
def test_round_trip_times_agree_with_a_capture_of_tshark(tmp_path: Path) -> None:
    capture = tmp_path / "one.pcapng"
    with netlab.lab(netlab.plain(3)) as lab, _captured(lab, capture, "udp or icmp"):
        document = trace(lab, 4).document
        wait_until(lambda: packets_in(capture) >= 2 * document["run"]["probes_sent"])
    sent = {
        row[0]: float(row[1])
        for row in _read(capture, "udp && !icmp", ("ip.id", "frame.time_epoch"))
    }
    received = _read(capture, "icmp", ("ip.id", "frame.time_epoch"))
    ours = {
        (outcome["ttl"], outcome["attempt"]): outcome["received_at_s"] - outcome["sent_at_s"]
        for outcome in document["outcomes"]
    }
    theirs = [float(at) - sent[ids.split(",")[1]] for ids, at in received]
    assert len(theirs) == len(ours)
    # The kernel begins to stamp answers a moment after it is asked to: the first are stamped when
    # they are read, less than 1 ms later.
    difference = sorted(ours.values())[len(ours) // 2] - sorted(theirs)[len(theirs) // 2]
    assert -0.0001 < difference < 0.001


def _captured(lab: Lab, capture: Path, kept: str) -> AbstractContextManager[None]:
    """During the block, packets at the source's interface are written, with some delay."""
    # It names the file once it captures.
    dump = ("dumpcap", "-q", "-i", "v0n", "-f", kept, "-w", str(capture))
    return lab.background("src", *dump, ready="File:")


def _read(capture: Path, display_filter: str, fields: tuple[str, ...]) -> list[list[str]]:
    """The fields of the packets that match, every checksum verified."""
    checks = [f"{name}.check_checksum:TRUE" for name in ("ip", "udp", "tcp")]
    run = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", display_filter, "-T", "fields", "-E", "separator=|",
         *(part for check in checks for part in ("-o", check)),
         *(part for field in fields for part in ("-e", field))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line.split("|") for line in run.stdout.splitlines()]
