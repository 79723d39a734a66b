from __future__ import annotations

import json

import pytest

from paris.errors import FormatError
from paris.formats.embedded import json_of
from render.pictures.diagram import Diagram
from render.pictures.standalone import standalone

_PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.mark.parametrize("text", ["</metadata>", "<!--", "]]>", "&lt;", "\\u003c", '"\\', "\u202e"])
def test_the_json_in_a_picture_reads_back_equal(text: str) -> None:
    document = json.dumps({text: [text, 1.5]})
    svg = standalone(_PICTURE, Diagram("x", (), (), (), ()), document)
    assert json.loads(json_of(svg, "x.svg")) == json.loads(document)


def test_other_data_are_read_as_they_are() -> None:
    assert json_of(b' {"a": "<metadata>"}', "x.json") == b' {"a": "<metadata>"}'


@pytest.mark.parametrize("data", [_PICTURE, b'<metadata id="paris-trace">{}', b"<html>"],
                         ids=["foreign", "cut short", "another language"])  # fmt: skip
def test_a_picture_without_a_trace_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"^x\.svg: not a picture that holds a trace"):
        json_of(data, "x.svg")
