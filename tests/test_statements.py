"""The page of statements has every sentence that the words can make, and names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.truth.chances import CHANCES
from tests.truth.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs/statements.md").read_text()
WORDS = sorted((CHECKOUT / "render/words").glob("*.py"))
_SHORTEST = 6  # characters of a part of a sentence that is looked for
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


def parts(path: Path) -> Iterator[str]:
    """The constant parts of sentences in a file: texts of several words, without docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, _DOCUMENTED) and isinstance(node.body[0], ast.Expr)
    }
    casts = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "cast"
        for argument in node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings | casts:
            text = node.value
            if isinstance(text, str) and " " in text.strip() and len(text) >= _SHORTEST:
                yield text.strip()


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.name)
def test_the_statements_page_has_every_sentence_of_the_output(path: Path) -> None:
    missing = [part for part in parts(path) if part not in PAGE]
    assert not missing, "docs/statements.md lacks them"


def test_the_statements_page_names_only_rules_of_the_harness() -> None:
    named = {
        name.strip() for cell in re.findall(r"harness: ([^|;)]*)", PAGE) for name in cell.split(",")
    }
    assert named
    assert named <= {*RULES, *CHANCES}
