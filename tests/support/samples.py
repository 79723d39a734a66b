"""Packets of real kernels, captured, each beside its dissection: tests/data."""

from __future__ import annotations

from pathlib import Path

_DATA = Path(__file__).parents[1] / "data"


def _packets(folder: str) -> dict[str, bytes]:
    paths = sorted((_DATA / folder).glob("*.hex"))
    return {path.stem: bytes.fromhex(path.read_text()) for path in paths}


REPLIES = _packets("replies")
# From routers and a host of Linux 7.2.13 that describe interfaces (RFC 5837), as it does with
# net.ipv4.icmp_errors_extension_mask=1 and net.ipv6.icmp.errors_extension_mask=1.
DESCRIBED = _packets("described")
# From routers of Linux 6.18 before which others inserted segments, or encapsulated (RFC 8754).
SEGMENTS = _packets("segments")
