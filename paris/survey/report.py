"""What a survey found, in figures: the tables of the literature on multipath routes.

The metrics are those of `mda.findings.diamonds`, after Augustin et al. (IMC 2007) and Vermeulen et
al. (IMC 2018), computed in SQL (views.sql). Imports duckdb.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from paris.survey.database import connect

if TYPE_CHECKING:
    from pathlib import Path

# What is counted over diamonds, by the name of its column.
METRICS: Final = (
    "max_width", "max_length", "length_asymmetry", "width_asymmetry",
)  # fmt: skip

Counts = tuple[tuple[Any, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of a survey.

    `traces` counts those that have rows; `unfinished` those whose rows are not written yet.
    `without_lines` are those with rows and no JSON line: what a change of the route opened in them
    counts as a balancer and a diamond, as only the lines tell it apart. `reached` is None where no
    trace is in the JSON lines. `diamonds` counts a diamond each time a trace meets it,
    `distinct_diamonds` once by the addresses of its ends; one with a silent or no end is another
    one in each trace. A distribution is pairs of a value and its count, by value. `successors` and
    `classes` are of balancers, in the same way; a balancer that was not studied has the class "".
    `networks` counts the distinct addresses of each.
    """

    traces: int
    unfinished: int
    without_lines: int
    reached: int | None
    probes: int
    lost: int
    addresses: int
    links: int
    traces_with_balancer: int
    balancers: int
    distinct_balancers: int
    successors: Counts
    classes: Counts
    diamonds: int
    distinct_diamonds: int
    meshed: int
    paths: float
    metrics: dict[str, Counts]
    networks: Counts


def report(folder: Path) -> Report:
    """The figures of the survey in `folder`. Raises FormatError as `connect` does."""
    with closing(connect(folder)) as database:

        def row(query: str) -> tuple[Any, ...]:
            found = database.execute(query).fetchone()
            return found or ()

        def counts(query: str) -> Counts:
            return tuple((value, count) for value, count in database.execute(query).fetchall())

        traces, probes, replies = row(
            "SELECT count(DISTINCT run_id), count(*), count(reply_src_addr) FROM probes"
        )
        lines, reached = row("SELECT count(*), count_if(reached) FROM traces")
        (unfinished,) = row(
            "SELECT count(*) FROM (SELECT run_id FROM traces EXCEPT SELECT run_id FROM probes)"
        )
        (without_lines,) = row(
            "SELECT count(*) FROM (SELECT run_id FROM probes EXCEPT SELECT run_id FROM traces)"
        )
        addresses, links = row(
            "SELECT (SELECT count(DISTINCT addr) FROM vertices),"
            " (SELECT count(*) FROM (SELECT DISTINCT near_addr, far_addr FROM links"
            " WHERE near_addr IS NOT NULL AND far_addr IS NOT NULL))"
        )
        with_balancer, balancers, distinct_balancers = row(
            "SELECT count(DISTINCT run_id), count(*), count(DISTINCT addr) FROM balancers"
        )
        diamonds, meshed, paths = row(
            "SELECT count(*), coalesce(count_if(meshed_ratio > 0), 0), coalesce(max(paths), 0)"
            " FROM diamonds"
        )
        (distinct_diamonds,) = row(
            "SELECT count(DISTINCT CASE WHEN '' IN (divergence_addr, convergence_addr)"
            " THEN (run_id, divergence, '') ELSE ('', divergence_addr, convergence_addr) END)"
            " FROM diamonds"
        )
        return Report(
            traces=traces,
            unfinished=unfinished,
            without_lines=without_lines,
            reached=reached if lines else None,
            probes=probes,
            lost=probes - replies,
            addresses=addresses,
            links=links,
            traces_with_balancer=with_balancer,
            balancers=balancers,
            distinct_balancers=distinct_balancers,
            successors=counts(
                "SELECT CAST(successors AS BIGINT), count(*) FROM balancers GROUP BY ALL ORDER BY 1"
            ),
            classes=counts("SELECT kind, count(*) FROM balancers GROUP BY ALL ORDER BY 2 DESC, 1"),
            diamonds=diamonds,
            distinct_diamonds=distinct_diamonds,
            meshed=meshed,
            paths=paths,
            metrics={
                metric: counts(
                    f"SELECT CAST({metric} AS BIGINT), count(*) FROM diamonds"
                    " GROUP BY ALL ORDER BY 1"
                )
                for metric in METRICS
            },
            networks=counts(
                "SELECT n.network, count(DISTINCT v.addr) FROM vertices AS v"
                " JOIN networks AS n ON n.addr = v.addr GROUP BY ALL ORDER BY 2 DESC, 1"
            ),
        )
