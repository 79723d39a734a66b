"""What holds for all tests: which are skipped, and what the programs that they start inherit.

Lab tests need root and other programs: without them they are skipped, in CI they fail.
"""

from __future__ import annotations

import os
import shutil
import signal

import pytest

_PROGRAMS = ("ip", "nft", "scamper", "traceroute", "tshark")


def pytest_configure() -> None:
    # What a shell script starts in the background ignores Ctrl-C, and so does all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0:
        missing.append("root")
    if not missing or os.environ.get("CI") == "true":
        return  # in CI what is missing fails the tests that use it
    skip = pytest.mark.skip(reason=f"the lab needs {', '.join(missing)}")
    for item in items:
        if item.get_closest_marker("lab"):
            item.add_marker(skip)
