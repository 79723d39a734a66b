"""Routing headers written by hand from the drawings in RFC 5095, 6275 and 8754."""

from __future__ import annotations

import pytest

from paris.packets.routing_headers import final_destination

A, B, C = (bytes(15) + letter for letter in (b"a", b"b", b"c"))


@pytest.mark.parametrize(
    ("header", "final"),
    [
        (bytes([17, 6, 4, 1, 2, 0, 0, 0]) + A + B + C, A),
        (bytes([17, 6, 4, 0, 2, 0, 0, 0]) + A + B + C, None),  # at its last segment
        (bytes([17, 3, 4, 1, 0, 0, 0, 0]) + A + bytes([5, 6]) + bytes(6), A),  # an object behind
        (bytes([17, 6, 0, 1, 0, 0, 0, 0]) + A + B + C, C),
        (bytes([17, 2, 2, 1, 0, 0, 0, 0]) + A, A),
        (bytes([17, 2, 3, 1, 0, 0, 0, 0]) + A, None),  # of a type that lists no whole addresses
        (bytes([17, 2, 4, 1, 0, 0, 0, 0]) + A[:15], None),
        (bytes([17, 0, 4, 1, 0, 0, 0, 0]), None),
    ],
    ids=[
        "segments",
        "last segment",
        "segments and an object",
        "source route",
        "home address",
        "compressed",
        "cut off",
        "without addresses",
    ],
)
def test_the_last_destination_is_found_by_the_type_of_the_header(
    header: bytes, final: bytes | None
) -> None:
    assert final_destination(header) == final
