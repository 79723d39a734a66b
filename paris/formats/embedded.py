"""The JSON inside an SVG picture, where `render.pictures.standalone` puts it."""

from __future__ import annotations

from typing import Final

from paris.errors import FormatError

_BEGIN: Final = b'<metadata id="paris-trace">'
_END: Final = b"</metadata>"


def json_of(data: bytes, place: str) -> bytes:
    """The JSON in a picture; other data as they are. Raises FormatError, naming `place`."""
    if not data.lstrip().startswith(b"<"):
        return data
    _, begin, behind = data.partition(_BEGIN)
    document, end, _ = behind.partition(_END)
    if not begin or not end:
        raise FormatError(f"{place}: not a picture that holds a trace (-o FILE.svg writes one)")
    return document
