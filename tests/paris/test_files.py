"""Files are read whole; a pipe, a device or an empty file is refused at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paris.errors import FormatError, TopologyError
from paris.files import read

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(bytes(range(256)) * 1000)
    assert read(str(file)) == bytes(range(256)) * 1000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipe", "it is a pipe or a device"),
        ("/dev/zero", "it is a pipe or a device"),
        ("/dev/null", "it is a pipe or a device"),
        (".", "Is a directory"),
        ("none", "No such file"),
        ("empty", "the file is empty"),
        ("a\0b", "not the name of a file"),
        ("x" * 300, "File name too long"),
    ],
    ids=["pipe", "endless", "null", "folder", "missing", "empty", "NUL", "long name"],
)
def test_what_is_not_a_file_with_content_is_refused_in_one_line(
    name: str, said: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    with pytest.raises(FormatError, match=said) as refused:
        read(f"{tmp_path}/{name}" if not name.startswith("/") else name)
    assert "\n" not in str(refused.value)


def test_the_caller_names_the_error() -> None:
    with pytest.raises(TopologyError):
        read("/none", TopologyError)
