"""What `benchmarks.wire` runs in a namespace: one sender or receiver per process.

python -m benchmarks.senders WHAT ARGUMENTS...
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import closing, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np

from mda.model import HeaderField, ProbeRequest
from paris.lookup import addresses
from paris.packets import probes
from paris.packets.flows import Flows
from paris.packets.probe_matrix import Crafter
from paris.packets.protocols import Protocol
from paris.packets.reply_matrix import Matcher
from paris.packets.tags import COPY_AT
from paris.settings import Settings
from paris.survey.sweep import sweep
from paris.wire.base import WireOptions
from paris.wire.bulk.wire import BulkWire
from paris.wire.unprivileged import opening as unprivileged

if TYPE_CHECKING:
    from collections.abc import Sequence

_BATCH = 4096
SPORT, DPORT = 20_000, 33434


def flows_to(destination: str) -> Flows:
    """Probes by UDP, flows by source port."""
    target = ip_address(destination)
    return Flows(
        source=addresses.source_for(target, asked=None, interface=None), destination=target,
        protocol=Protocol.UDP, field=HeaderField.SPORT, sport=SPORT, dport=DPORT,
    )  # fmt: skip


def send(destination: str, count: str, how: str) -> None:
    """Craft and send `count` probes by the bulk wire, as fast as possible."""
    flows = flows_to(destination)
    crafter = Crafter(flows)
    with closing(BulkWire.open(flows, None, by_link=how == "link")) as wire:
        for begin in range(0, int(count), _BATCH):
            numbers = np.arange(begin, begin + _BATCH, dtype=np.uint32)
            matrix = crafter.craft(numbers % 1000, numbers % 30 + 1, numbers % 0xFFFE + 1)
            wire.send_rows(matrix.rows)


def pycaracal(destination: str, count: str, source: str, interface: str) -> None:
    """The same by pycaracal, from a list of probes."""
    from pycaracal import Probe, prober  # type: ignore[import-not-found,import-untyped,unused-ignore]

    config = prober.Config()
    config.set_probing_rate(10_000_000)
    config.set_rate_limiting_method("none")
    config.set_sniffer_wait_time(0)
    config.set_interface(interface)
    with suppress(AttributeError):
        config.set_source_ipv4(source)
    # The same probe objects are sent repeatedly: only sending is timed.
    some = [
        Probe(f"::ffff:{destination}", SPORT + n % 1000, DPORT, n % 30 + 1, "udp")
        for n in range(10_000)
    ]
    prober.probe(config, some * (int(count) // len(some)))


def receive(destination: str, count: str, wait_s: str) -> None:
    """Print when ready, wait, and match the replies that came by then and come later.

    Probes with every tag are sent first: the wire lets in only replies to what it has sent.
    """
    flows, total = flows_to(destination), int(count)
    matcher = Matcher(flows)
    numbers = np.arange(total)
    every = np.arange(0xFFFE, dtype=np.uint32)
    probing = Crafter(flows).craft(every % 1000, every * 0 + 1, every + 1)
    with closing(BulkWire.open(flows, None)) as wire:
        wire.send_rows(probing.rows)
        matched, spent_s, quiet_s = 0, 0.0, 1.0
        matcher.add(numbers % 0xFFFE + 1, numbers % 0xFFFE % 1000, numbers)
        print("ready", flush=True)
        time.sleep(float(wait_s))
        while (frames := wire.receive_frames(wire.now_s() + quiet_s)) is not None:
            began_s = time.perf_counter()
            answers = matcher.match(frames.datagrams, frames.lengths)
            matched += len(answers.rows)
            if float(wait_s) == 0.0:
                # Under load tags are used again: later replies belong to another probe.
                places = answers.probes % 0xFFFE
                matcher.add(places + 1, places % 1000, answers.probes)
            frames.release()
            spent_s += time.perf_counter() - began_s
        report = wire.report()
    print(json.dumps({"matched": matched, "s": spent_s, "dropped": report.dropped}))


def answer(destination: str, source: str, count: str, rate_pps: str) -> None:
    """Send `count` time exceeded for probes of `source` to `destination`, as a router would."""
    from paris.packets import headers
    from paris.wire.bulk import ethernet, sendmmsg

    flows = Flows(
        source=ip_address(source), destination=ip_address(destination), protocol=Protocol.UDP,
        field=HeaderField.SPORT, sport=SPORT, dport=DPORT,
    )  # fmt: skip
    header = headers.IPHeader(
        source=ip_address("198.51.100.200"), destination=flows.source, protocol=1, ttl=64
    )
    rows = np.stack([
        np.frombuffer(
            headers.icmp_error(
                header, 11, 0, probes.build(flows, ProbeRequest(n % 1000, 1), n + 1)
            ),
            np.uint8,
        )
        for n in range(4096)
    ])  # fmt: skip
    target = ethernet.target(flows.source, None, None)
    sock = ethernet.open_sender()
    sender = sendmmsg.Sender(sock)
    total, rate = int(count), float(rate_pps)
    began_s, sent = time.perf_counter(), 0
    while sent < total:
        due = total if rate == 0 else min(total, int((time.perf_counter() - began_s) * rate))
        if due == sent:
            continue
        at = sent % len(rows)
        end = min(at + min(due - sent, sendmmsg.MOST_AT_ONCE), len(rows))
        part = rows[at:end].copy()
        places = np.arange(sent, sent + len(part)) % 0xFFFE
        _retag(part, places + 1, places % 1000)
        done = 0
        while done < len(part):
            with suppress(OSError):
                done += sender.send(part[done:], target)
        sent += len(part)
    print(json.dumps({"sent": sent, "s": time.perf_counter() - began_s}))


def _retag(rows: np.typing.NDArray[np.uint8], tags: np.typing.NDArray[np.int64],
           flows: np.typing.NDArray[np.int64]) -> None:  # fmt: skip
    """Quote other probes, with the ICMP checksum that fits (RFC 1071)."""
    words = rows.view(">u2")
    words[:, (20 + 8 + 20) // 2] = SPORT + flows
    words[:, (20 + 8 + 20) // 2 + 3] = tags
    words[:, (20 + 8 + 20 + 8 + COPY_AT) // 2] = tags
    words[:, 20 // 2 + 1] = 0
    total = words[:, 20 // 2 :].sum(axis=1, dtype=np.uint32)
    total = (total >> 16) + (total & 0xFFFF)
    words[:, 20 // 2 + 1] = ~((total >> 16) + total) & 0xFFFF


def answered(destination: str, count: str) -> None:
    """Measure how many probes per second ordinary sockets send and get replies to."""
    flows = flows_to(destination)
    total, done = int(count), 0
    requests = [ProbeRequest(n % 16, n % 3 + 1) for n in range(total)]
    datagrams = [probes.build(flows, request, n % 0xFFFE + 1) for n, request in enumerate(requests)]
    with closing(unprivileged.open_wire(flows, WireOptions())) as wire:
        began_s = time.perf_counter()
        for begin in range(0, total, 256):
            wire.send(datagrams[begin : begin + 256])
            done += len(wire.receive(wire.now_s()))
        while done < total and (more := wire.receive(wire.now_s() + 1)):
            done += len(more)
        taken_s = time.perf_counter() - began_s
    print(json.dumps({"answered": done, "of": total, "s": taken_s}))


def end_to_end(destination: str, flows: str, ttls: str, rate_pps: str) -> None:
    """A sweep, and the processor time that it took in user space."""
    settings = Settings.of(host=destination, rate_pps=float(rate_pps), wait_s=1.0, sport=SPORT)
    sweep(settings, flows=64, ttls=range(1, int(ttls) + 1))  # what numpy loads lazily is loaded
    before = resource.getrusage(resource.RUSAGE_SELF)
    began_s = time.perf_counter()
    swept = sweep(settings, flows=int(flows), ttls=range(1, int(ttls) + 1))
    taken_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "probes": len(swept.ttls), "answered": int(swept.is_answered.sum()), "s": taken_s,
        "user_s": after.ru_utime - before.ru_utime, "system_s": after.ru_stime - before.ru_stime,
    }))  # fmt: skip


def paced(destination: str, count: str, rate_pps: str) -> None:
    """Send `count` probes at a rate, as a sweep does."""
    settings = Settings.of(host=destination, rate_pps=float(rate_pps), wait_s=0.1, sport=SPORT)
    flows = min(4000, int(count))
    sweep(settings, flows=flows, ttls=range(1, int(count) // flows + 1))


_WORK = {
    work.__name__: work for work in (send, pycaracal, receive, answer, answered, end_to_end, paced)
}


def main(arguments: Sequence[str]) -> None:
    """Run the worker that the first argument names, with the other arguments."""
    _WORK[arguments[0]](*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
