"""What holds for all tests: which are skipped, and what the programs that they start inherit.

Lab tests need root and other programs: without them they are skipped, in CI they fail.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import stat
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.support.ids import id_of

_PROGRAMS = ("ip", "nft", "scamper", "traceroute", "tshark")


def pytest_configure(config: pytest.Config) -> None:
    if os.geteuid() == 0 and not hasattr(config, "workerinput"):
        _let_others_pass(config)
    # What the user of this machine always wants is not what tests want.
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
    os.environ.pop("PARIS_TRACE_OPTIONS", None)
    os.environ.update(LC_ALL="C.UTF-8", TERM="xterm")
    # Tests make millions of small values and few cycles: looking for these less often saves 8 % of
    # the time of the statistical ones.
    gc.set_threshold(50_000, 20, 100)
    # What a shell script starts in the background ignores Ctrl-C, and what nohup starts SIGHUP; so
    # does all that these start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _let_others_pass(config: pytest.Config) -> None:
    """Let every user pass the folders above the checkout and Python, until the tests have ended.

    Some tests run as a user without rights, whom a folder made by `mktemp -d` would keep out.
    """
    ways = (Path(__file__).parent, Path(sys.prefix))
    for folder in {folder for way in ways for folder in way.parents}:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            config.add_cleanup(partial(folder.chmod, mode))


def pytest_make_parametrize_id(val: object, argname: str) -> str:
    return id_of(val, argname)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items[:] = _mixed(items)
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0:
        missing.append("root")
    if not missing or os.environ.get("CI") == "true":
        return  # in CI what is missing fails the tests that use it
    skip = pytest.mark.skip(reason=f"the lab needs {', '.join(missing)}")
    for item in items:
        if item.get_closest_marker("lab"):
            item.add_marker(skip)


def _mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """Lab tests spread evenly over the others: they wait, and leave the processor to these."""
    kinds: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        kinds[item.get_closest_marker("lab") is not None].append(item)
    places = [
        (place / len(kind), is_lab, item)
        for is_lab, kind in kinds.items()
        for place, item in enumerate(kind)
    ]
    return [item for _, _, item in sorted(places, key=lambda place: place[:2])]
