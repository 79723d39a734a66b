"""Variants: flows that differ from another flow in a single header field, which tests that field.

A variant is a flow number like any other for the code that sends, matches and tabulates it. Only
this file knows how the number is composed, and only `paris.packets.flows` knows the header value.

Only a few values of a scarce field can be sent. So it is varied in several companions of a flow,
which differ from that flow in all other fields. A variant in LENGTH has its length as its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import Outcome

from mda.model import HeaderField

SCARCE: Final = (HeaderField.PROTOCOL, HeaderField.SOURCE)
MOST_SCARCE: Final = 15


class Variant(NamedTuple):
    """The flow `base` with another value in `field`; numbers begin at 1."""

    base: int
    field: HeaderField
    number: int

    @property
    def value(self) -> int:
        """The number of the field's value in this variant, counted from 1."""
        return self.number % (MOST_SCARCE + 1) if self.field in SCARCE else self.number

    @property
    def companion(self) -> int:
        """The number of the variant of `base` in ALL fields that it differs from; 0 is `base`."""
        return self.number // (MOST_SCARCE + 1) if self.field in SCARCE else 0

    @property
    def compared_with(self) -> int:
        """The flow from which this variant differs in `field` only."""
        return variant(self.base, HeaderField.ALL, self.companion) if self.companion else self.base


# LENGTH is the last, so that its numbers may be higher than MOST_VALUES.
_FIELDS: Final = tuple(HeaderField)
_LENGTH: Final = _FIELDS.index(HeaderField.LENGTH)
MOST_BYTES: Final = (1 << 16) - 1  # of a packet, and the highest number of a variant in LENGTH
# The least length that is asked for: there is room for our text, and some more.
SHORTEST: Final = 128
_PLAIN: Final = 1 << 20  # plain flows, which vary only the flow field, have numbers below this
MOST_VALUES: Final = (1 << 12) - 1  # of `number`
MOST_COMPANIONS: Final = MOST_VALUES // (MOST_SCARCE + 1)  # variants in ALL fields


def variant(base: int, field: HeaderField, number: int) -> int:
    """The flow number of a variant; raises ValueError if `base` or `number` is out of range.

    >>> variant_of(variant(7, HeaderField.DPORT, 3)) == Variant(7, HeaderField.DPORT, 3)
    True
    """
    most = MOST_BYTES if field is HeaderField.LENGTH else MOST_VALUES
    if not (0 <= base < _PLAIN and 1 <= number <= most):
        raise ValueError(f"flow {base} has no variant {number}")
    return ((_FIELDS.index(field) << 12) + number) * _PLAIN + base


def scarce_variant(base: int, field: HeaderField, value: int, companion: int) -> int:
    """The flow number of a variant of a companion of `base`; companion 0 is `base` itself.

    >>> flow = scarce_variant(7, HeaderField.SOURCE, 2, 5)
    >>> variant_of(variant_of(flow).compared_with)
    Variant(base=7, field=<HeaderField.ALL: 'all'>, number=5)
    """
    return variant(base, field, value + (MOST_SCARCE + 1) * companion)


def variant_of(flow: int) -> Variant | None:
    """The variant that a flow number stands for; None for a plain flow or an unused number."""
    if flow < _PLAIN:
        return None
    code, base = divmod(flow, _PLAIN)
    index = min(code // (MOST_VALUES + 1), _LENGTH)
    number = code - index * (MOST_VALUES + 1)
    return Variant(base, _FIELDS[index], number) if 0 < number <= MOST_BYTES else None


def base_of(flow: int) -> int:
    """The plain flow that a variant is made of; a plain flow itself."""
    return flow % _PLAIN


def with_base(flow: int, base: int) -> int:
    """The same variant of another plain flow; of a plain flow, that other one.

    >>> variant_of(with_base(variant(7, HeaderField.DPORT, 3), 9)).base
    9
    """
    return flow - base_of(flow) + base


def is_plain(flow: int) -> bool:
    """Whether a flow differs from the others in the flow field only."""
    return flow < _PLAIN


def plain_outcomes(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes of plain flows, which make the graph."""
    return [outcome for outcome in outcomes if is_plain(outcome.request.flow)]
