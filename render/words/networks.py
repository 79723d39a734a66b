"""Whose network a hop is in, from what the lookup `asn` found of its interfaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import IPAddress, Vertex

_LOOKUP: Final = "asn"
_MOST: Final = 3  # networks of a hop that are named
_PREFIX: Final = re.compile(r"\s?[\da-f.:]+/\d+(\s.*)?$")  # and the place behind it


def networks(vertices: Iterable[Vertex], facts: Mapping[str, Mapping[IPAddress, str]]) -> str:
    """The networks of a hop, without their prefixes; empty where none is known.

    AS64500 EXAMPLE-NET, private
    """
    texts = facts.get(_LOOKUP, {})
    known = (texts.get(vertex.address, "") for vertex in vertices if vertex.address is not None)
    names = tuple(dict.fromkeys(name for text in known if (name := _PREFIX.sub("", text))))
    more = (f"{len(names) - _MOST} more",) if len(names) > _MOST else ()
    return ", ".join((*names[:_MOST], *more))
