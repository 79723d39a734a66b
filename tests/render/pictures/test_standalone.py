from __future__ import annotations

import xml.etree.ElementTree as ET

from render.pictures.diagram import Diagram
from render.pictures.standalone import standalone

_SVG = "{http://www.w3.org/2000/svg}"
_PICTURE = (
    b'<?xml version="1.0"?>\n<svg width="8pt"\n xmlns="http://www.w3.org/2000/svg"><g/></svg>'
)
HOSTILE = '</metadata><script>"&amp;\\u003c]]>'


def test_a_picture_has_a_role_a_title_and_a_description_that_are_text() -> None:
    root = ET.fromstring(standalone(_PICTURE, Diagram(HOSTILE, ("a<b", "c&d"), (), (), ()), "{}"))
    assert (root.get("role"), root.get("width")) == ("img", "8pt")
    assert root.findtext(f"{_SVG}title") == HOSTILE
    assert root.findtext(f"{_SVG}desc") == "a<b. c&d"
    assert [child.tag.removeprefix(_SVG) for child in root] == [
        "title", "desc", "style", "metadata", "g",
    ]  # fmt: skip


def test_colours_change_where_the_reader_prefers_the_dark() -> None:
    style = standalone(_PICTURE, Diagram("x", (), (), (), ()), "{}").decode()
    assert "@media (prefers-color-scheme: dark)" in style
    assert '[fill="#ffffff"] { fill: #15181c }' in style
