"""Folders follow the variables of the XDG specification, but under sudo the calling user."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from paris import folders

HOME = Path(pwd.getpwuid(os.geteuid()).pw_dir)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"XDG_DATA_HOME": "/x", "HOME": "/h"}, ["/x", "/h/.local/share"]),
        ({"XDG_DATA_HOME": "x", "HOME": "/h"}, ["/h/.local/share"]),  # relative ones do not count
        ({}, []),
        ({"XDG_DATA_HOME": "/x", "HOME": "/h", "SUDO_UID": "0"}, [str(HOME / ".local/share")]),
    ],
    ids=["both", "relative", "none", "sudo"],
)
def test_folders_of_the_user_come_in_order(
    variables: dict[str, str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_DATA_HOME", "HOME", "SUDO_UID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = list(folders.of_user("XDG_DATA_HOME", ".local/share"))
    assert found == [Path(folder, "paris-trace") for folder in expected]


def test_folders_of_the_system_are_those_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", "/a:b::/c")
    found = list(folders.of_system("XDG_DATA_DIRS", "/usr/share"))
    assert found == [Path("/a/paris-trace"), Path("/c/paris-trace")]
    monkeypatch.delenv("XDG_DATA_DIRS")
    found = list(folders.of_system("XDG_DATA_DIRS", "/usr/share"))
    assert found == [Path("/usr/share/paris-trace")]
