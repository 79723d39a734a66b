"""The statements of views.sql, one text for DuckDB and ClickHouse."""

from __future__ import annotations

import re
from pathlib import Path


def statements() -> list[str]:
    """The statements, in order and without remarks: each makes a table or a view."""
    text = re.sub("^--.*$", "", Path(__file__).with_name("views.sql").read_text(), flags=re.M)
    return [statement for own in text.split(";") if (statement := own.strip())]
