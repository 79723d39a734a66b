"""`paris-survey report DIR`: the figures of a survey, as text or as an HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from paris.errors import ExitCode, SettingsError, lacking_extra

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Parser(argparse.ArgumentParser):
    """Bad arguments are an error like others: one line, and exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message)


def report(arguments: Sequence[str]) -> int:
    """Report on the survey that `arguments` name. Returns the exit code."""
    parser = _Parser(
        prog="paris-survey report",
        description="Report on a survey: balancers, diamonds, widths, lengths, classes, networks.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="DIR", help="the folder that -o named")
    parser.add_argument(
        "-o", "--output", default="-", metavar="FILE",
        help="write a new file: an HTML page if it ends with .html, text otherwise",
    )  # fmt: skip
    given = parser.parse_args(arguments)

    from paris.outputs import survey_report
    from paris.outputs.new_file import check_new, write_new

    check_new(given.output)
    try:
        from paris.survey import report as surveyed
    except ModuleNotFoundError as error:
        raise lacking_extra("paris-survey report", error, "survey") from None
    found = surveyed.report(Path(given.folder))
    as_page = given.output.lower().endswith((".html", ".htm"))
    write_new(given.output, [survey_report.page(found) if as_page else survey_report.text(found)])
    return ExitCode.REACHED
