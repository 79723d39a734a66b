"""Variants: their numbers say what they are, and no plain flow's does."""

from __future__ import annotations

import pytest

from mda.model import HeaderField
from mda.variants import MOST_VALUES, Variant, is_plain, scarce_variant, variant, variant_of


def test_a_flow_number_and_its_variant_convert_into_each_other() -> None:
    numbers = {
        variant(base, field, number): Variant(base, field, number)
        for base in (0, 1, 65_535, (1 << 20) - 1)
        for field in HeaderField
        for number in (1, 2, 1000, MOST_VALUES)
    }
    assert len(numbers) == 4 * len(HeaderField) * 4
    for flow, number in numbers.items():
        assert variant_of(flow) == number
        assert not is_plain(flow)
        assert 0 <= flow < 1 << 40  # what files may hold


def test_plain_flows_have_no_variant() -> None:
    for flow in (0, 7, (1 << 20) - 1):
        assert is_plain(flow)
        assert variant_of(flow) is None


@pytest.mark.parametrize("length", [1, 1500, 9000, 65535])
def test_a_variant_in_length_has_its_length_as_its_number(length: int) -> None:
    flow = variant(7, HeaderField.LENGTH, length)
    assert variant_of(flow) == Variant(7, HeaderField.LENGTH, length)
    assert not is_plain(flow)


@pytest.mark.parametrize(("base", "number"), [(-1, 1), (1 << 20, 1), (0, 0), (0, MOST_VALUES + 1)])
def test_a_variant_out_of_range_has_no_flow_number(base: int, number: int) -> None:
    with pytest.raises(ValueError, match="has no variant"):
        variant(base, HeaderField.DPORT, number)
    assert variant_of(1 << 39) is None


def test_a_scarce_variant_names_its_value_and_its_companion() -> None:
    found = variant_of(scarce_variant(3, HeaderField.SOURCE, 15, 200))
    assert found is not None
    assert (found.value, found.companion) == (15, 200)
    assert variant_of(found.compared_with) == Variant(3, HeaderField.ALL, 200)
    plain = variant_of(variant(3, HeaderField.SOURCE, 2))
    assert plain is not None
    assert (plain.value, plain.companion, plain.compared_with) == (2, 0, 3)
