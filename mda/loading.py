"""Imports what a row of a registry names, when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load(name: str) -> Any:
    """The function that "module:function" names; raises ImportError or AttributeError if none."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)
