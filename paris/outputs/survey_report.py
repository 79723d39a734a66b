"""The report on a survey as text, and as an HTML page of tables that loads nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paris.survey.report import Counts, Report

_METRICS: Final = {
    "max_width": "Widest hop of a diamond, in vertices",
    "max_length": "Longest path of a diamond, in links",
    "length_asymmetry": "Longest path less the shortest one, in links",
    "width_asymmetry": "Largest difference in successors within a hop",
}
_STYLE: Final = (
    "body{font:16px sans-serif;margin:2em;max-width:50em}table{border-collapse:collapse;"
    "margin:1em 0}caption{text-align:left;font-weight:bold;white-space:nowrap}"
    "td,th{padding:.1em 1em .1em 0;"
    "text-align:right}td:first-child,th:first-child{text-align:left}"
)


class _Table(NamedTuple):
    title: str
    rows: list[tuple[str, str, str]]


def text(report: Report) -> str:
    """The report as plain text."""
    return "\n\n".join("\n".join(_lines(table)) for table in _tables(report)) + "\n"


def page(report: Report) -> str:
    """The report as an HTML page."""
    tables = "".join(
        f"<table><caption>{escape(table.title)}</caption>"
        + "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
            for row in table.rows
        )
        + "</table>\n"
        for table in _tables(report)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>Survey</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>Survey</h1>\n{tables}</body></html>\n"
    )


def _lines(table: _Table) -> Iterator[str]:
    yield table.title
    widths = [max(len(row[column]) for row in table.rows) for column in range(3)]
    for name, count, share in table.rows:
        line = f"  {name:<{widths[0]}}  {count:>{widths[1]}}  {share:>{widths[2]}}"
        yield line.rstrip()


def _tables(report: Report) -> Iterator[_Table]:
    unknown = report.reached is None
    yield _Table("Survey", [
        ("traces", _number(report.traces), ""),
        *([("rows not written yet", _number(report.unfinished), "")] if report.unfinished else []),
        *([_part("no JSON line: changes of the route count as balancers", report.without_lines,
                 report.traces)] if report.without_lines else []),
        *([] if unknown else [_part("reached", report.reached or 0, report.traces
                                    + report.unfinished)]),
        ("probes", _number(report.probes), ""),
        _part("lost probes", report.lost, report.probes),
        ("addresses", _number(report.addresses), ""),
        ("links between addresses", _number(report.links), ""),
        _part("traces with a balancer", report.traces_with_balancer, report.traces),
        ("balancers, counted in each trace", _number(report.balancers), ""),
        ("balancers by address", _number(report.distinct_balancers), ""),
        ("diamonds, counted in each trace", _number(report.diamonds), ""),
        ("diamonds by their ends", _number(report.distinct_diamonds), ""),
        _part("meshed diamonds", report.meshed, report.diamonds),
        ("most paths in a diamond", _number(report.paths), ""),
    ])  # fmt: skip
    if report.balancers:
        yield _distribution("Successors of a balancer", report.successors)
        yield _distribution("Class of a balancer", report.classes)
    for metric, counts in report.metrics.items():
        if counts:
            yield _distribution(_METRICS[metric], counts)
    if report.networks:
        yield _distribution("Addresses of each network", report.networks)


def _distribution(title: str, counts: Counts) -> _Table:
    total = sum(count for _, count in counts)
    return _Table(
        title,
        [_part(printable(str(value)) or "not studied", count, total) for value, count in counts],
    )


def _part(name: str, count: int, total: int) -> tuple[str, str, str]:
    return name, _number(count), f"{count / total:.1%}" if total else ""


def _number(count: float) -> str:
    return f"{count:,.0f}"
