"""What rows name is imported by name."""

from __future__ import annotations

import pytest

from mda.loading import load
from mda.statistics.stopping import stop_at


def test_load_finds_a_function_by_module_and_name() -> None:
    assert load("mda.statistics.stopping:stop_at") is stop_at


def test_load_raises_an_error_for_an_unknown_module_or_name() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"mda\.nowhere"):
        load("mda.nowhere:stop_at")
    with pytest.raises(AttributeError, match="nothing"):
        load("mda.loading:nothing")
