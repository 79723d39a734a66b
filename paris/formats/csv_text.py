"""Tables as CSV text, inert in spreadsheets."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import TYPE_CHECKING, Any

from mda.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table with a line of column names; what a row lacks is empty (RFC 4180, with newlines)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_inert, columns))
    writer.writerows([_inert(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def _inert(value: object) -> int | float | str:
    """A cell that no spreadsheet takes for a formula.

    See OWASP, "CSV injection": an apostrophe before what begins like one, and no semicolon, at
    which some spreadsheets begin another cell.
    """
    if isinstance(value, int | float):
        return value
    text = "" if value is None else printable(str(value)).replace(";", "\\x3b")
    is_formula = unicodedata.normalize("NFKC", text).startswith(("=", "+", "-", "@"))
    return f"'{text}" if is_formula else text
