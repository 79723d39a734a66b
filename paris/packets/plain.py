"""Reads what most replies are: time exceeded, with nothing unusual, about a probe as it was sent.

`replies` reads every reply, and the same from these; that takes several times as long.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from paris.packets import numbers
from paris.packets.checksums import fold, word_sum

# An IP header, eight bytes of ICMP, and in the quote an IP header and eight bytes: of IPv4 length,
# identification, fragment, TTL, protocol, source, of IPv6 length, protocol, TTL, source; ICMP type
# and code, length of the quote; quoted TTL; quoted tag. Bytes at x are not read.
_IPV4: Final = struct.Struct("!2xHHHBB2x4s4x H3xB2x 8xB11x 6xH")
_IPV6: Final = struct.Struct("!4xHBB16s16x H2xB3x 7xB32x 6xH")
_EXPIRED: Final = {
    version: kind << 8 | numbers.IN_TRANSIT for version, kind in numbers.TIME_EXCEEDED.items()
}
_CUT: Final = 0x3FFF  # the offset and more-fragments bits (RFC 791 section 3.1)
# With so many bytes, an ICMP message may have extensions that it does not announce (see `quotes`).
_MAY_BE_EXTENDED: Final = 144


class Plain(NamedTuple):
    """A plain reply: its source (packed), what it quotes, and fields of its IP header.

    `tag` is what stands where probes have their tag; what is quoted may be anything: see `quotes`.
    `reply_ip_id` is None in IPv6.
    """

    datagram: bytes
    responder: bytes
    tag: int
    quoted_ttl: int
    reply_ttl: int
    reply_ip_id: int | None

    def quotes(self, probe: bytes) -> bool:
        """Whether it quotes this probe, or its beginning, and nothing but the TTL has changed.

        The probe starts at its IP header.
        """
        datagram = self.datagram
        if datagram[0] == 0x45:
            # The TTL, and so the checksum, differ.
            return (
                datagram[28:36] == probe[:8]
                and datagram[37] == probe[9]
                and probe.startswith(datagram[40:], 12)
            )
        return datagram[48:55] == probe[:7] and probe.startswith(datagram[56:], 8)


def read(datagram: bytes) -> Plain | None:
    """The plain reply in a datagram, which starts at its IP header; None if it has none."""
    size = len(datagram)
    if _IPV4.size <= size < 20 + _MAY_BE_EXTENDED and datagram[0] == 0x45:  # without options
        length, ip_id, cut, ttl, protocol, source, kind, words, quoted_ttl, tag = _IPV4.unpack_from(
            datagram
        )
        is_plain = (length, protocol, kind, words) == (size, numbers.ICMP4, _EXPIRED[4], 0)
        if is_plain and not cut & _CUT and word_sum(datagram[20:]) == 0xFFFF:
            return Plain(datagram, source, tag, quoted_ttl, ttl, ip_id)
    elif _IPV6.size <= size < 40 + _MAY_BE_EXTENDED and datagram[0] >> 4 == 6:
        length, protocol, ttl, source, kind, words, quoted_ttl, tag = _IPV6.unpack_from(datagram)
        is_plain = (length, protocol, kind, words) == (size - 40, numbers.ICMP6, _EXPIRED[6], 0)
        # The checksum covers addresses, length and protocol as well (RFC 8200 section 8.1).
        if is_plain and fold(word_sum(datagram[8:]) + length + protocol) == 0xFFFF:
            return Plain(datagram, source, tag, quoted_ttl, ttl, None)
    return None
