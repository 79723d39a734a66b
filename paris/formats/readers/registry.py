"""All formats of others, or of many traces, one row each; content says which one a file is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paris.formats.readers import (
    atlas,
    captures,
    caracal,
    dublin,
    fast_mda,
    native_lines,
    scamper_json,
    warts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paris.formats.readers.base import Found


class Kind(NamedTuple):
    """A format: its name, what of it is read, whether a file that begins so is of it, its reader.

    `read` takes the content and the name of a file. It raises FormatError where that is damaged.
    """

    name: str
    about: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes, str], Iterator[Found]]


# The first that recognises a file reads it.
KINDS: Final = (
    Kind(
        "warts", "scamper: records of types trace and tracelb; others are passed",
        warts.recognises, warts.read,
    ),
    Kind(
        "fast-mda-traceroute JSON", "lines of type tracelb, which leave out other things",
        fast_mda.recognises, fast_mda.read,
    ),
    Kind(
        "scamper JSON", "lines of types trace and tracelb, also M-Lab's; others are passed",
        scamper_json.recognises, scamper_json.read,
    ),
    Kind(
        "RIPE Atlas", "results of traceroutes; those of several `paris_id` are taken together",
        atlas.recognises, atlas.read,
    ),
    Kind(
        "caracal CSV", "replies of caracal, diamond-miner and Iris; each destination is a trace",
        caracal.recognises, caracal.read,
    ),
    Kind(
        "dublin-traceroute JSON", "the hops of all flows, a multipath view",
        dublin.recognises, dublin.read,
    ),
    Kind(
        "pcap and pcapng", "captures of any program's traceroutes: UDP, TCP and ICMP",
        captures.recognises, captures.read,
    ),
    Kind(
        "lines of our JSON", "a trace in each, as `paris-convert -o FILE.traces.jsonl` writes them",
        native_lines.recognises, native_lines.read,
    ),
)  # fmt: skip


def kind_of(data: bytes) -> Kind | None:
    """The format of another program in which data are; None if they are in none of these."""
    return next((kind for kind in KINDS if kind.recognises(data)), None)
