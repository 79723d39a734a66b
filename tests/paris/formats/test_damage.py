"""Damaged values become one line with the file's name; a bug does not."""

from __future__ import annotations

import pytest

from paris.errors import FormatError
from paris.formats.damage import refusing


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("flow"), "x.json: 'flow' is missing"),
        (ValueError("not a port"), "x.json: a value is not what it should be: not a port"),
        (TypeError("no number"), "x.json: a value is not what it should be: no number"),
        (AttributeError("no get"), "x.json: a value is not what it should be: no get"),
        (ZeroDivisionError("by 0"), "x.json: a value is not what it should be: by 0"),
    ],
)
def test_an_error_caused_by_a_wrong_value_names_the_file(error: Exception, message: str) -> None:
    with pytest.raises(FormatError) as refused, refusing("x.json"):
        raise error
    assert str(refused.value) == message
    assert refused.value.__cause__ is error


def test_other_errors_are_not_caught() -> None:
    with pytest.raises(RuntimeError), refusing("x.json"):
        raise RuntimeError
    with refusing("x.json"):
        pass
