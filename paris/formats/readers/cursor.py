"""Takes values out of bytes one after the other; what is missing is an error with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.errors import FormatError

if TYPE_CHECKING:
    from typing import NoReturn


class Cursor:
    """A place in the bytes of the file `name`, which nothing beyond `end` is taken from.

    Integers are big-endian. Every method raises FormatError, with the file and the byte offset.
    """

    __slots__ = ("at", "data", "end", "name")

    def __init__(self, data: bytes, name: str, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.name = name
        self.at = at
        self.end = len(data) if end is None else end

    def fail(self, reason: str) -> NoReturn:
        """Raise FormatError for what is wrong at this place."""
        raise FormatError(f"{self.name}: byte {self.at}: {reason}")

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        after = self.at + size
        if after > self.end:
            self.fail(f"cut short: {size} bytes expected, {self.end - self.at} left")
        taken = self.data[self.at : after]
        self.at = after
        return taken

    def part(self, size: int) -> Cursor:
        """A cursor over the next `size` bytes, which this one passes."""
        begin = self.at
        if begin + size > self.end:
            self.fail(f"cut short: {size} bytes expected, {self.end - begin} left")
        self.at += size
        return Cursor(self.data, self.name, begin, self.at)

    def u8(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """The next two bytes as a number."""
        return int.from_bytes(self.take(2))

    def u32(self) -> int:
        """The next four bytes as a number."""
        return int.from_bytes(self.take(4))

    def text(self) -> str:
        """The text up to the next zero byte."""
        after = self.data.find(b"\0", self.at, self.end)
        if after < 0:
            self.fail("cut short: a text has no end")
        return self.take(after + 1 - self.at)[:-1].decode("utf-8", "replace")
