"""A topology from text, as if it were a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from paris.sim.topology import Topology
from paris.sim.topology_file import load

if TYPE_CHECKING:
    from pathlib import Path

FromText = Callable[[str], Topology]


@pytest.fixture
def topology(tmp_path: Path) -> FromText:
    def from_text(text: str) -> Topology:
        path = tmp_path / "net.yaml"
        path.write_text(text)
        return load(path)

    return from_text
