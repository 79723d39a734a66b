"""Being in a network namespace, for a while or for good: what is opened there belongs there."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLONE_NEWNET = 0x40000000


@contextmanager
def inside_namespace(name: str) -> Iterator[None]:
    """What this thread opens inside belongs to the namespace, and stays there afterwards."""
    with Path("/proc/thread-self/ns/net").open() as home:
        enter_namespace(name)
        try:
            yield
        finally:
            _enter(home.fileno())


def enter_namespace(name: str) -> None:
    """From now on what this thread opens belongs to the namespace."""
    with Path(f"/run/netns/{name}").open() as there:
        _enter(there.fileno())


def _enter(descriptor: int) -> None:
    assert ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) == 0
