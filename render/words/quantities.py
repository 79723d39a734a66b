"""Numbers, shares, times and text from outside as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from mda.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST_NAME: Final = 60  # characters


def milliseconds(time_s: float) -> str:
    """A time for people: three significant digits at most below a second.

    >>> [milliseconds(t) for t in (0.0000321, 0.00421, 0.0421, 0.421)]
    ['0.032', '4.21', '42.1', '421']
    """
    ms = 1000 * time_s
    digits = 3 if ms < 0.9995 else 2 if ms < 9.995 else 1 if ms < 99.95 else 0
    return f"{ms:.{digits}f}"


def median_ms(times_s: Sequence[float]) -> str:
    """The median of times in milliseconds, empty without any.

    >>> median_ms([0.004, 0.001, 0.002]), median_ms([0.001, 0.002]), median_ms([])
    ('2.00', '1.50', '')
    """
    if not times_s:
        return ""
    # The module `statistics` imports so much that each run would start noticeably later.
    ordered, middle = sorted(times_s), len(times_s) // 2
    return milliseconds((ordered[middle] + ordered[~middle]) / 2)


def rate(per_second: float) -> str:
    """A measured rate for people: one digit, two from 10 on.

    >>> [rate(r) for r in (0.52, 4.3, 18.7, 482.0)]
    ['0.5', '4', '19', '480']
    """
    if per_second < 1:
        return f"{per_second:.1f}"
    return f"{float(f'{per_second:.{1 if per_second < 10 else 2}g}'):.0f}"


def percent(share: float) -> str:
    """A share for people; what is less than all is never shown as all.

    >>> [percent(s) for s in (0.5, 0.07, 0.0201, 0.999, 0.99995, 0.00004, 1e-9, 1.0)]
    ['50 %', '7 %', '2.0 %', '99.9 %', '99.995 %', '0.004 %', 'under 0.001 %', '100 %']
    """
    value = round(100 * share, 9)
    if value == round(value) or 10 <= value <= 90:
        return f"{value:.0f} %"
    if value > 90:
        return f"{value:.{max(1, -math.floor(math.log10(round(100 - value, 9))))}f} %"
    if value < 0.001:
        return "under 0.001 %"
    return f"{value:.1f} %" if value >= 0.1 else f"{value:.1g} %"


def at_most(probability: float) -> str:
    """A bound of a probability, which is never called nothing.

    >>> [at_most(p) for p in (0.019, 1e-7, 0.0)]
    ['at most 1.9 %', 'under 0.001 %', 'under 0.001 %']
    """
    shown = percent(max(probability, 1e-9))
    return shown if shown.startswith("under") else f"at most {shown}"


def p_value(probability: float) -> str:
    """The p-value of a test as papers print it.

    >>> [p_value(p) for p in (1.0, 0.53, 0.0213, 0.00012, 1e-9)]
    ['p = 1.00', 'p = 0.53', 'p = 0.021', 'p = 0.00012', 'p < 0.00001']
    """
    if probability < 1e-5:
        return "p < 0.00001"
    digits = max(2, 1 - math.floor(math.log10(probability)))
    return f"p = {probability:.{digits}f}"


def count(number: int, singular: str, plural: str) -> str:
    """A number of things, in words that agree with it."""
    return f"{number} {singular if number == 1 else plural}"


def enumerated(things: Iterable[object]) -> str:
    """Things in a row, as a sentence names them.

    >>> enumerated([3]), enumerated([3, 4]), enumerated([3, 4, 7])
    ('3', '3 and 4', '3, 4 and 7')
    """
    *first, last = map(str, things)
    return f"{', '.join(first)} and {last}" if first else last


def shortened(name: str) -> str:
    """A name from outside, printable; the end of a long one says more than its beginning."""
    shown = printable(name)
    return shown if len(shown) <= _LONGEST_NAME else "..." + shown[3 - _LONGEST_NAME :]


def abridged(text: str) -> str:
    """A text from outside, printable; a long one is without its middle.

    >>> abridged("AS64500 " + 60 * "x" + " 198.51.100.0/24")
    'AS64500 xxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxx 198.51.100.0/24'
    """
    shown = printable(text)
    half = (_LONGEST_NAME - 3) // 2
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:half]}...{shown[-half - 1 :]}"
