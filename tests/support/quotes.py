"""Quotes of a probe as routers on special ways see it: behind other headers, or inside a tunnel."""

from __future__ import annotations

import itertools
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from paris.packets import headers
from paris.packets.headers import IPHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEGMENT, TUNNEL_END = ip_address("2001:db8:5::3"), ip_address("2001:db8:5::4")
TUNNEL_ENDS = {
    4: (ip_address("198.18.1.1"), ip_address("198.18.1.2")),
    6: (ip_address("2001:db8:5::1"), TUNNEL_END),
}


class Quote(NamedTuple):
    """A quoted datagram, in which the probe's message begins at byte `message_at`."""

    name: str
    data: bytes
    message_at: int


def _segments(following: int, final: bytes) -> bytes:
    """A segment routing header on the way to the first of two segments (RFC 8754 section 2)."""
    fixed = bytes([following, 4, 4, 1, 1, 0, 0, 0])
    return fixed + final + SEGMENT.packed


# By name: the protocol number of an extension header, and its bytes, given the next protocol and
# the probe's destination (RFC 8200, 4302, 5095, 6275, 7401, 8754).
_EXTENSIONS: dict[str, tuple[int, Callable[[int, bytes], bytes]]] = {
    "hop-by-hop": (0, lambda following, _: bytes([following, 0, 1, 4]) + bytes(4)),
    "options": (
        60,
        lambda following, _: bytes([following, 1, 1, 4]) + bytes(4) + b"\x1e\x06" + bytes(6),
    ),
    "fragment": (44, lambda following, _: bytes([following, 0, 0, 1]) + b"\0\0\x12\x34"),
    "authentication": (51, lambda following, _: bytes([following, 4]) + bytes(22)),
    "mobility": (135, lambda following, _: bytes([following, 0]) + bytes(6)),
    "segments": (43, _segments),
    "source route": (
        43,
        lambda following, final: bytes([following, 4, 0, 2]) + bytes(4) + SEGMENT.packed + final,
    ),
    "last segment": (
        43,
        lambda following, final: bytes([following, 2, 4, 0]) + bytes(4) + final,
    ),
}
_ON_THE_WAY = {"segments", "source route"}  # these packets go to a segment first


def extended(probe: bytes, names: tuple[str, ...]) -> bytes:
    """An IPv6 probe with these extension headers."""
    final, chain, following = probe[24:40], b"", probe[6]
    for name in reversed(names):
        number, build = _EXTENSIONS[name]
        chain, following = build(following, final) + chain, number
    towards = SEGMENT.packed if _ON_THE_WAY & set(names) else final
    length = (len(chain) + len(probe) - 40).to_bytes(2)
    return (
        probe[:4]
        + length
        + bytes([following, probe[7]])
        + probe[8:24]
        + towards
        + chain
        + probe[40:]
    )


def with_options(probe: bytes, words: int) -> bytes:
    """An IPv4 probe whose header has so many words of options; its checksum stays as it was."""
    length = (int.from_bytes(probe[2:4]) + 4 * words).to_bytes(2)
    return bytes([0x45 + words, probe[1]]) + length + probe[4:20] + b"\1" * 4 * words + probe[20:]


def tunnelled(probe: bytes, source: bytes | None = None, ttl: int = 1) -> bytes:
    """The probe inside a tunnel of its IP version, from `source` or the tunnel's own address."""
    version = probe[0] >> 4
    near, far = TUNNEL_ENDS[version]
    outer = IPHeader(
        near if source is None else ip_address(source), far, (4, 41)[version == 6], ttl
    )
    return headers.ip_datagram(outer, probe)


def quotes(probe: bytes) -> Iterator[Quote]:
    """Every way to quote a probe: chains of up to two extension headers, options, tunnels."""
    version = probe[0] >> 4
    if version == 4:
        for words in range(11):
            yield _quote(probe, f"{words} words of options", with_options(probe, words), 20)
            inside = tunnelled(with_options(probe, words))
            yield _quote(probe, f"{words} words of options in a tunnel", inside, 20)
        return
    chains = [chain for size in range(3) for chain in itertools.product(_EXTENSIONS, repeat=size)]
    for chain in (*chains, tuple(_EXTENSIONS)):
        name = ", ".join(chain) or "plain"
        yield _quote(probe, name, extended(probe, chain), 40)
        own = probe[8:24]
        yield _quote(probe, f"tunnel behind {name}", extended(tunnelled(probe, own), chain), 40)
    for segmented in ((), ("segments",), ("last segment",)):
        name = f"another's tunnel behind {segmented or 'nothing'}"
        yield _quote(probe, name, extended(tunnelled(probe), segmented), 40)


def _quote(probe: bytes, name: str, data: bytes, header_bytes: int) -> Quote:
    return Quote(name, data, len(data) - len(probe) + header_bytes)
