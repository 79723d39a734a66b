"""Frozen values: fields by keyword, defaults, comparison, and no change afterwards."""

from __future__ import annotations

import copy
import pickle
from functools import cached_property

import pytest

from mda.frozen import Frozen


class Pause(Frozen):
    before_s: float
    after_s: float = 1.0

    def __post_init__(self) -> None:
        if self.before_s < 0:
            raise ValueError(f"a pause cannot be negative: {self.before_s}")


def test_values_are_given_by_keyword_and_defaults_fill_the_rest() -> None:
    assert Pause.field_names() == ("before_s", "after_s")
    pause = Pause(before_s=2.0)
    assert (pause.before_s, pause.after_s) == (2.0, 1.0)
    assert repr(pause) == "Pause(before_s=2.0, after_s=1.0)"


def test_equal_fields_make_equal_values_of_one_type() -> None:
    class Other(Frozen):
        before_s: float
        after_s: float

    assert Pause(before_s=2.0) == Pause(after_s=1.0, before_s=2.0)
    assert len({Pause(before_s=2.0), Pause(before_s=2.0, after_s=1.0)}) == 1
    assert Pause(before_s=2.0) != Pause(before_s=3.0)
    assert Pause(before_s=2.0) != Other(before_s=2.0, after_s=1.0)


class Span(Frozen, kw_only=False):
    begin_s: float
    end_s: float = 1.0


class Rest(Pause):
    place: str

    @cached_property
    def length_s(self) -> float:
        return self.before_s + self.after_s


def test_fields_may_be_given_in_order_where_the_class_says_so() -> None:
    assert Span(0.0) == Span(0.0, 1.0) == Span(begin_s=0.0)
    assert Span(0.5, end_s=2.0) == Span(0.5, 2.0)


def test_fields_of_the_base_come_first() -> None:
    assert Rest.field_names() == ("before_s", "after_s", "place")
    rest = Rest(before_s=2.0, place="here")
    assert repr(rest) == "Rest(before_s=2.0, after_s=1.0, place='here')"
    assert rest != Pause(before_s=2.0)


def test_what_is_computed_of_a_value_is_no_part_of_it() -> None:
    rest = Rest(before_s=2.0, place="here")
    assert rest.length_s == 3.0
    assert rest == Rest(before_s=2.0, place="here")
    assert rest.replace(after_s=5.0).length_s == 7.0
    assert "length_s" not in repr(rest)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Pause lacks 'before_s'"),
        ({"before_s": 1.0, "between_s": 2.0}, "Pause has no field 'between_s'"),
        ({"before_s": 1.0, "fields": ()}, "Pause has no field 'fields'"),
    ],
)
def test_wrong_fields_are_a_type_error(values: dict[str, float], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Pause(**values)


def test_a_value_never_changes() -> None:
    pause = Pause(before_s=2.0)
    with pytest.raises(AttributeError, match="Pause is frozen: 'after_s' keeps its value"):
        pause.after_s = 3.0  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del pause.before_s
    assert pause == Pause(before_s=2.0)


def test_replace_returns_another_value_and_checks_it() -> None:
    pause = Pause(before_s=2.0)
    assert pause.replace(after_s=0.0) == Pause(before_s=2.0, after_s=0.0)
    assert pause == Pause(before_s=2.0)
    with pytest.raises(ValueError, match="a pause cannot be negative: -1"):
        pause.replace(before_s=-1.0)
    with pytest.raises(TypeError, match="'between_s'"):
        pause.replace(between_s=1.0)


def test_a_copy_equals_its_original() -> None:
    pause = Pause(before_s=2.0)
    assert copy.deepcopy(pause) == pause == pickle.loads(pickle.dumps(pause))
