"""The JSON of fast-mda-traceroute, which looks like scamper's of a tracelb and means other things.

It has no times of sending and no lost probes. A row of links has what answered one hop further than
the row before it, and rows of several far ends are of any number. The first node is any.
Layout: fast-mda-traceroute 0.1.13, `formats/scamper.py`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mda.model import ReplyKind
from paris.formats import schemas
from paris.formats.readers import scamper_json
from paris.formats.readers.json_values import lines
from paris.formats.readers.measured import Answer, Sent
from paris.formats.readers.scamper import TRACELB, method

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paris.formats.readers.base import Found
    from paris.formats.readers.measured import Measured

Json = dict[str, Any]

# scamper never writes these values.
_MARKS: Final = tuple(
    re.compile(rb'"%s"\s*:\s*0\s*,' % name) for name in (b"gaplimit", b"probec_max")
)
_HEAD: Final = 1 << 12  # bytes in which they are


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is of fast-mda-traceroute."""
    is_marked = all(mark.search(head, 0, _HEAD) for mark in _MARKS)
    return is_marked and scamper_json.recognises(head)


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    for part in lines(data, name):
        value, place = part.value, f"{name}: byte {part.begin}"
        if isinstance(value, dict) and value.get("type") == TRACELB:
            schemas.check(value, scamper_json.SCHEMA, place)
            yield scamper_json.found(value, partial(_measured, value, place), place)


def _measured(value: Json, place: str) -> Measured:
    made = scamper_json.tracelb(value, place)
    # What scamper's reader says of the first hop does not hold here.
    beyond = [own for own in made.sent if own.ttl > made.first_ttl]
    is_based = made.protocol == "icmp" or made.sport is not None
    base = 0 if is_based else min((own.flow for own in beyond), default=0)
    first_id = base + method(TRACELB, value["method"], place).first(made.sport, made.dport)
    return made._replace(
        tool=f"fast-mda-traceroute {value['method']}",
        sent=(
            *_to_first_hop(value, made.first_ttl, first_id),
            *(own._replace(flow=own.flow - base) for own in beyond),
        ),
        hidden=("changed", "losses"),
    )


def _to_first_hop(value: Json, ttl: int, first_id: int) -> Iterator[Sent]:
    """The probes to the nodes at this TTL, through which their links' flows have passed."""
    for node in value.get("nodes", ()):
        responder = scamper_json.address(node["addr"])
        rows = [[probe for cell in row for probe in cell.get("probes", ())]
                for row in node.get("links", ())]  # fmt: skip
        far = next(((at, own) for at, own in enumerate(rows, start=1) if own), None)
        if responder is None or far is None or min(own["ttl"] for own in far[1]) - far[0] != ttl:
            continue
        answer = Answer(responder, None, kind=ReplyKind.TIME_EXCEEDED)
        for flow_id in sorted({int(probe["flowid"]) for own in rows for probe in own}):
            yield Sent(flow_id - first_id, ttl, 0, None, (answer,))
