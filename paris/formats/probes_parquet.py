"""Writes a Parquet table with a row for each probe, and its reply if it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from paris.formats import lacks as kinds
from paris.formats import refusals
from paris.formats.parquet import pieces, run_id
from paris.formats.probe_rows import probe_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mda.trace import Trace
    from paris.errors import OutputError
    from paris.formats.look import Look

_KEPT: Final = {
    kinds.LOSSES, kinds.BY_UDP, kinds.BY_TCP, kinds.LABEL, kinds.VARIANTS, kinds.UNKNOWN,
}  # fmt: skip
_TIME: Final = pa.timestamp("us", "UTC")
_LABEL: Final = pa.struct(
    {"label": pa.uint32(), "exp": pa.uint8(), "bos": pa.bool_(), "ttl": pa.uint8()}
)
SCHEMA: Final = pa.schema({
    "run_id": pa.string(), "flow_id": pa.int64(), "tx_time": _TIME, "probe_protocol": pa.uint8(),
    "probe_src_addr": pa.string(), "probe_dst_addr": pa.string(), "probe_src_port": pa.uint16(),
    "probe_dst_port": pa.uint16(), "probe_traffic_class": pa.uint8(),
    "probe_flow_label": pa.uint32(), "probe_ttl": pa.uint8(), "attempt": pa.int64(),
    "rx_time": _TIME, "rtt_us": pa.int64(), "reply_src_addr": pa.string(),
    "reply_kind": pa.string(), "reply_protocol": pa.uint8(), "reply_icmp_type": pa.uint8(),
    "reply_icmp_code": pa.uint8(), "reply_ttl": pa.uint8(), "reply_ip_id": pa.uint16(),
    "quoted_ttl": pa.uint8(), "reply_mpls_labels": pa.list_(_LABEL),
})  # fmt: skip


def write(trace: Trace, _: Look | None = None) -> bytes:
    """The probes of a trace as a file."""
    return b"".join(stream([trace]))


def stream(
    traces: Iterable[Trace], _: Callable[[OutputError], None] = refusals.end
) -> Iterator[bytes]:
    """A file of the probes of all traces, in pieces."""
    return pieces((row for trace in traces for row in rows(trace)), SCHEMA)


def rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """The rows of a trace, of SCHEMA."""
    own_id = run_id(trace)
    return ({**row, "run_id": own_id} for _, row in probe_rows(trace))


def lacks(trace: Trace) -> tuple[str, ...]:
    """What the table has no place for, of a trace, in words."""
    return kinds.of(trace, _KEPT)
