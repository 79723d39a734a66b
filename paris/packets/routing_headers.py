"""Where a packet with an IPv6 routing header goes in the end."""

from __future__ import annotations

from typing import Final

_FIRST_ADDRESS: Final = slice(8, 24)
_LAST_ADDRESS: Final = slice(-16, None)
# By routing type, where the last destination stands in the header.
_PLACES: Final = {
    0: _LAST_ADDRESS,  # source route (RFC 5095 forbids it)
    2: _LAST_ADDRESS,  # home address (RFC 6275 section 6.4)
    4: _FIRST_ADDRESS,  # segment routing, in reverse order (RFC 8754 section 2)
}
_SHORTEST: Final = 24  # bytes, with one address


def final_destination(header: bytes) -> bytes | None:
    """The packed address of the last destination; None if it is the one in the IPv6 header.

    That is so at the last segment, and wherever the header is of another type or too short. Raises
    IndexError if it ends before its fourth byte.
    """
    kind, segments_left = header[2], header[3]
    if not segments_left or kind not in _PLACES or len(header) < _SHORTEST:
        return None
    return header[_PLACES[kind]]
