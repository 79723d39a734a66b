"""The notebooks of the docs run, and print what they say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.waiting import LONGEST_S

CHECKOUT = Path(__file__).parents[1]
NOTEBOOKS = sorted((CHECKOUT / "docs/notebooks").glob("*.ipynb"))


def printed(notebook: Any) -> list[str]:
    """The text of every output, in order."""
    outputs = [own for cell in notebook.cells for own in cell.get("outputs", ())]
    return [own["data"]["text/plain"] if "data" in own else own["text"] for own in outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_prints_what_it_says_and_shows_pictures(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    said = printed(notebook)
    assert len(said) >= 3
    folder = shutil.copytree(path.parent, tmp_path / "notebooks")
    client = NotebookClient(
        notebook, timeout=LONGEST_S, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    assert printed(notebook) == said
    shown = [own["data"] for cell in notebook.cells for own in cell.get("outputs", ())
             if "data" in own]  # fmt: skip
    assert any("<svg" in data.get("image/svg+xml", "") for data in shown)
