"""Tags that no other run on this machine has: concurrent runs of one seed send the same headers."""

from __future__ import annotations

from random import SystemRandom
from typing import TYPE_CHECKING, Final

from paris.packets.tags import FIRST_TAG, HIGHEST_TAG
from paris.wire.linux.claims import TakenError, claim

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator

_TAGS_AT_ONCE: Final = 2048  # as many as the kernel filters let in together
_BLOCKS: Final = [
    range(max(first, FIRST_TAG), min(first + _TAGS_AT_ONCE, HIGHEST_TAG + 1))
    for first in range(0, HIGHEST_TAG, _TAGS_AT_ONCE)
]


def own_tags() -> Generator[int, None, None]:
    """Tags in turn, in blocks that belong to this run until the generator is closed.

    The first block is chosen at random. After all blocks that other runs have left, this run's own
    come again; without any, all.
    """
    held: list[socket.socket] = []
    own: list[range] = []
    first = SystemRandom().randrange(len(_BLOCKS))
    in_turn = [*_BLOCKS[first:], *_BLOCKS[:first]]
    try:
        for block in in_turn:
            try:
                holder = claim(f"tags {block.start}")
            except TakenError:
                continue
            if holder is None:
                break  # too many open files
            held.append(holder)
            own.append(block)
            yield from block
        while True:
            for block in own or in_turn:
                yield from block
    finally:
        for holder in held:
            holder.close()
