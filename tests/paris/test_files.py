"""Files are read whole; a pipe, a device or an empty file is refused at once."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from paris.errors import FormatError, TopologyError
from paris.files import read, standard_input, up_to

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


@pytest.mark.parametrize("stdin", [None, io.TextIOWrapper(io.BytesIO())], ids=("none", "empty"))
def test_standard_input_without_content_is_refused_in_one_line(
    stdin: io.TextIOWrapper | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(FormatError, match=r"^cannot read standard input: it is [\w ]+$"):
        standard_input()


def test_what_never_ends_is_read_up_to_a_bound() -> None:
    with open("/dev/zero", "rb") as endless:  # noqa: PTH123
        assert 10**6 < len(up_to(endless, 10**6)) < 2 * 10**6
