"""The JSON inside an SVG picture or a page, where `render.pictures.standalone` puts it."""

from __future__ import annotations

import re
from typing import Final

from paris.errors import FormatError

_BOM: Final = b"\xef\xbb\xbf"
# Other programs write a picture again with other names for SVG's namespace.
_HELD: Final = re.compile(rb'<(\w+:)?metadata id="paris-trace">(.*?)</(\w+:)?metadata>', re.DOTALL)


def json_of(data: bytes, place: str) -> bytes:
    """The JSON in a picture or page; other data as they are. Raises FormatError, naming `place`."""
    if not data.removeprefix(_BOM).lstrip().startswith(b"<"):
        return data
    held = _HELD.search(data)
    if held is None:
        raise FormatError(
            f"{place}: not a picture that holds a trace (-o FILE.svg and FILE.html write one)"
        )
    return held[2]
