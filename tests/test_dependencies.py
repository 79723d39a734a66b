"""Every dependency has a range, and what is installed lies in it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
_EXTRAS = _PROJECT["optional-dependencies"]
NEEDED = [
    words
    for extra, needed in (("", _PROJECT["dependencies"]), *_EXTRAS.items())
    for words in needed
    if extra not in ("dev", "docs") and not words.startswith("paris-trace")
]


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


@pytest.mark.parametrize("needed", NEEDED)
def test_a_dependency_has_a_range_and_the_installed_version_is_in_it(needed: str) -> None:
    required, _, _ = needed.partition(";")
    bounds = re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", required)
    assert bounds is not None, "give the oldest tested version and the next major one"
    name, lowest, beyond = bounds.groups()
    assert numbers(lowest) <= numbers(version(name)) < numbers(beyond)
