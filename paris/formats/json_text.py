"""Documents as JSON text that can be shown on any terminal."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any


def json_text(document: dict[str, Any]) -> str:
    """The document in printable ASCII, ending with a newline.

    JSON leaves one control character as it is, DEL; it can only stand in a string.
    """
    text = StringIO()
    json.dump(document, text, indent=1)
    text.write("\n")
    return text.getvalue().replace("\x7f", "\\u007f")


def json_line(document: dict[str, Any]) -> str:
    """The same on one line."""
    return json.dumps(document).replace("\x7f", "\\u007f") + "\n"


def json_compact(document: dict[str, Any]) -> str:
    """The same in as few characters as can be, without a line break."""
    return json.dumps(document, separators=(",", ":")).replace("\x7f", "\\u007f")
