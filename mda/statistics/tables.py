"""Independence in tables of counts: exact where the counts are small."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from mda.statistics.inference import chi_square_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FEW_EXPECTED: Final = 5.0  # in a cell: below that the chi-square distribution is far off
_MOST_TABLES: Final = 3_000  # that may have to be gone through for an exact chance


def independence(table: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Pearson's statistic of a table of counts, and the chance of one at least as large.

    The chance is for independent rows and columns. It is exact for two by two (Fisher), and where
    a cell is expected to hold fewer than five, unless there are too many tables with these sums
    (Freeman and Halton, 1951, in the order of Pearson's statistic).

    >>> statistic, chance = independence([[6, 0], [0, 5]])
    >>> round(statistic, 2), round(chance, 5)
    (11.0, 0.00216)
    """
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    total = sum(rows)
    statistic = _statistic(table, rows, columns)
    if len(rows) == len(columns) == 2:
        return statistic, fisher(table[0][0], rows[0], columns[0], total)
    if min(rows) * min(columns) < _FEW_EXPECTED * total:
        chance = _exact(statistic, rows, columns)
        if chance is not None:
            return statistic, chance
    return statistic, chi_square_tail(statistic, (len(rows) - 1) * (len(columns) - 1))


def fisher(hits: int, row: int, column: int, total: int) -> float:
    """The chance of a two by two table no likelier than this, given its sums (Fisher, 1922)."""

    def ways(first: int) -> int:
        return math.comb(row, first) * math.comb(total - row, column - first)

    seen = ways(hits)
    possible = range(max(0, row + column - total), min(row, column) + 1)
    return sum(count for count in map(ways, possible) if count <= seen) / math.comb(total, column)


def _statistic(
    table: Sequence[Sequence[int]], rows: Sequence[int], columns: Sequence[int]
) -> float:
    total = sum(rows)
    return sum(
        (count - rows[i] * columns[j] / total) ** 2 / (rows[i] * columns[j] / total)
        for i, row in enumerate(table)
        for j, count in enumerate(row)
    )


def _exact(statistic: float, rows: Sequence[int], columns: Sequence[int]) -> float | None:
    """The chance of a table with these sums and at least this statistic; None for too many."""
    if math.prod(math.comb(row + len(columns) - 1, row) for row in rows[1:]) > _MOST_TABLES:
        return None
    ways = extreme = 0
    least = (1 + statistic / sum(rows)) * (1 - 1e-9)
    for score, weight in _tables(rows, columns, columns):
        ways += weight
        extreme += weight * (score >= least)
    return extreme / ways


def _tables(
    rows: Sequence[int], columns: Sequence[int], left: Sequence[int]
) -> Iterator[tuple[float, int]]:
    """Every table with these sums of rows, and of columns what is `left` of `columns`.

    For each the sum of count^2 / (row sum * column sum), which is 1 + Pearson's statistic / total,
    and how many assignments of single draws make that table.
    """
    row = rows[0]
    for counts in [tuple(left)] if len(rows) == 1 else _fillings(row, left):
        score = sum(count**2 / column for count, column in zip(counts, columns, strict=True)) / row
        weight = math.factorial(row) // math.prod(map(math.factorial, counts))
        if len(rows) == 1:
            yield score, weight
            return
        rest = [column - count for column, count in zip(left, counts, strict=True)]
        for other_score, other_weight in _tables(rows[1:], columns, rest):
            yield score + other_score, weight * other_weight


def _fillings(total: int, most: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every tuple of counts, none above its entry in `most`, that add up to `total`."""
    if len(most) == 1:
        if total <= most[0]:
            yield (total,)
        return
    room = sum(most[1:])
    for first in range(max(0, total - room), min(total, most[0]) + 1):
        for rest in _fillings(total - first, most[1:]):
            yield (first, *rest)
