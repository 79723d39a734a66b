"""Traces of many kinds, what scamper's formats keep of them, and scamper's own programs."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import paris
from mda.model import Loss
from mda.variants import plain_outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mda.model import Outcome
    from mda.record import Record
    from mda.trace import Trace

# The options of a trace of each kind, by its name.
KINDS: Final[dict[str, dict[str, Any]]] = {
    "two-way": {},
    "silent-branch": {},
    "silent-hop": {},
    "silent-destination": {},
    "lossy": {},
    "per-packet": {},
    "meshed": {},
    "mpls": {},
    "named-interfaces": {},
    "unequal-length": {"protocol": "icmp"},
    "four-way": {"protocol": "tcp", "dport": 443},
    "nested": {"flow_field": "dport"},
    "ipv6-way-back": {},
    "loop": {},
    "prohibited-branch": {},
}


@cache
def multipath(kind: str) -> Trace:
    return _dated(paris.trace(network=kind, multipath=True, **KINDS[kind]))


@cache
def single_path(kind: str) -> Trace:
    return _dated(paris.trace(network=kind, **KINDS[kind]))


def _dated(trace: Trace) -> Trace:
    """The trace at a time that is not 0, which scamper's programs take for unknown."""
    return trace.replace(started_at_unix_s=1.7e9)


class Kept(NamedTuple):
    """A probe as scamper's formats keep it, with times in microseconds since the start."""

    request: tuple[int, ...]
    sent_us: int
    answer: tuple[Any, ...] | None


def kept(outcomes: Iterable[Outcome], *, interfaces: bool = True) -> list[Kept]:
    """The probes in an order that does not depend on how long a lost one was waited for."""
    return sorted(
        Kept(
            (*own.request,),
            round(own.sent_at_s * 1e6) if own.is_timed else -1,
            None
            if isinstance(own, Loss)
            else (
                own.kind, own.responder, round((own.rtt_s or 0) * 1e6), own.icmp_type,
                own.icmp_code, own.quoted_ttl, own.reply_ttl, own.reply_ip_id, own.mpls,
                own.interfaces if interfaces else (),
            ),
        )
        for own in plain_outcomes(outcomes)
    )  # fmt: skip


def planned(record: Record) -> tuple[Any, ...]:
    """What scamper's formats keep of a plan."""
    plan = record.plan
    return (
        plan.source, plan.destination, plan.probing.protocol, plan.probing.traffic_class,
        plan.first_ttl, plan.attempts, record.probes_sent, record.started_at_unix_s,
        plan.algorithm, round(plan.bound.failure_probability, 9),
    )  # fmt: skip


def said_by(program: str, file: Path) -> str:
    """What one of scamper's programs says of a file: its exit status is 0 whatever it refuses."""
    ran = subprocess.run([program, str(file)], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout
