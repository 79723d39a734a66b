"""An SVG picture on its own: with its title, a description, colours for the dark, and its data."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final

from render.pictures.palette import DARK

if TYPE_CHECKING:
    from render.pictures.diagram import Diagram

_OPENING: Final = re.compile(rb"<svg\b")
# JSON has these in strings alone, which take its escapes: the text is JSON and XML at once.
_OF_XML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def standalone(svg: bytes, drawn: Diagram, document: str) -> bytes:
    """The picture with what readers of screens say of it, and the JSON text `document` inside.

    Attributes keep the colours for paper and for programs that know no CSS.
    """
    opening = _OPENING.search(svg)
    if opening is None:
        return svg
    begin, end = opening.end(), svg.index(b">", opening.end())
    head = (
        f">\n<title>{escape(drawn.title)}</title>\n"
        f"<desc>{escape('. '.join(drawn.notes))}</desc>\n"
        f"<style>@media (prefers-color-scheme: dark) {{\n{_rules()}\n}}</style>\n"
        f"{metadata(document)}"
    )
    return b"".join((
        svg[:begin], b' role="img"', svg[begin:end], head.encode(), svg[end + 1 :],
    ))  # fmt: skip


def metadata(document: str) -> str:
    """The element that holds a JSON text."""
    return f'<metadata id="paris-trace">{as_xml(document)}</metadata>'


def as_xml(document: str) -> str:
    """A JSON text that is the text of an element of XML or HTML as well."""
    return document.translate(_OF_XML)


def _rules() -> str:
    """CSS that puts each colour for the dark in the place of its colour for the light."""
    return "\n".join(
        f'[{part}="{light}"] {{ {part}: {dark} }}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    )
