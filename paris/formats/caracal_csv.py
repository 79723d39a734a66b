"""Writes replies as rows of CSV, as caracal, diamond-miner and Iris do.

What is unknown is empty. Layout: caracal, "Reply format".
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from mda.model import Loss
from mda.variants import is_plain
from paris.errors import OutputError
from paris.formats import lacks as kinds
from paris.formats import refusals
from paris.formats.icmp_types import icmp_type
from paris.formats.probe_rows import MICROS, probe_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mda.model import Outcome
    from mda.plan import Probing
    from mda.trace import Trace
    from paris.formats.look import Look

_COLUMNS: Final = (
    "capture_timestamp", "probe_protocol", "probe_src_addr", "probe_dst_addr", "probe_src_port",
    "probe_dst_port", "probe_ttl", "quoted_ttl", "reply_src_addr", "reply_protocol",
    "reply_icmp_type", "reply_icmp_code", "reply_ttl", "reply_size", "reply_mpls_labels", "rtt",
    "round",
)  # fmt: skip
_RTT_US: Final = 100  # the unit of round trips
_LONGEST_RTT: Final = 0xFFFF
_ROUND: Final = 1


def write(trace: Trace, _: Look | None = None) -> str:
    """The replies of a trace. Raises OutputError if the columns do not tell its flows apart."""
    return "".join(stream([trace]))


def stream(
    traces: Iterable[Trace], refused: Callable[[OutputError], None] = refusals.end
) -> Iterator[str]:
    """The replies of all traces; `refused` hears of one that the columns do not hold."""
    is_begun = False
    for trace in traces:
        try:
            _check(trace.plan.probing)
        except OutputError as error:
            refused(error)
            continue
        if not is_begun:
            is_begun = True
            yield ",".join(_COLUMNS) + "\n"
        yield "".join(_line(row) for own, row in probe_rows(trace) if _is_held(own))


def _check(probing: Probing) -> None:
    if probing.flow_field == "flow-label":
        raise OutputError(
            f"caracal's columns hold no {probing.protocol.upper()} probes whose flows differ by "
            f"{probing.flow_field}"
        )
    if not probing.has_known_ports and probing.protocol != "icmp":
        raise OutputError("caracal's columns hold ports, which are unknown here")


def lacks(trace: Trace) -> tuple[str, ...]:
    """What the columns have no place for, of a trace, in words."""
    untimed = sum(not (isinstance(own, Loss) or own.is_timed) for own in trace.outcomes)
    own = (f"replies without times ({untimed})",) if untimed else ()
    return ("times of less than 0.1 ms", *own, *kinds.of(trace, ()))


def _is_held(outcome: Outcome) -> bool:
    if isinstance(outcome, Loss) or not is_plain(outcome.request.flow):
        return False
    return outcome.is_timed and icmp_type(outcome) is not None


def _line(row: dict[str, Any]) -> str:
    values = {
        **row,
        "capture_timestamp": row["rx_time"] // MICROS,
        "rtt": max(0, min(round(row["rtt_us"] / _RTT_US), _LONGEST_RTT)),
        "round": _ROUND,
        "reply_mpls_labels": _labels(row["reply_mpls_labels"]),
    }
    for name in ("probe_src_addr", "probe_dst_addr", "reply_src_addr"):
        values[name] = _mapped(row[name])
    cells = (values.get(name) for name in _COLUMNS)
    return ",".join("" if cell is None else str(cell) for cell in cells) + "\n"


def _mapped(address: str) -> str:
    """An address of IPv6, in which one of IPv4 is mapped (RFC 4291 section 2.5.5.2)."""
    return address if ip_address(address).version == 6 else f"::ffff:{address}"


def _labels(entries: list[dict[str, Any]]) -> str:
    stack = ",".join(
        f"({own['label']},{own['exp']},{int(own['bos'])},{own['ttl']})" for own in entries
    )
    return f'"[{stack}]"'
