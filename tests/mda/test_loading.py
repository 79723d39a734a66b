"""What rows name is imported by name."""

from __future__ import annotations

import pytest

from mda.loading import load
from mda.statistics.stopping import stop_at


def test_a_function_is_found_by_its_module_and_name() -> None:
    assert load("mda.statistics.stopping:stop_at") is stop_at


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"mda\.nowhere"):
        load("mda.nowhere:stop_at")
    with pytest.raises(AttributeError, match="nothing"):
        load("mda.loading:nothing")
