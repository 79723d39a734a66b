"""How much room text takes: the widths of Helvetica, which Arial and Liberation Sans share."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from unicodedata import east_asian_width

# Thousandths of the size, for the characters of ASCII from the space on: Adobe's metrics of
# Helvetica and Helvetica-Bold.
_PLAIN: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD: Final = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip
_OTHER, _WIDE = 620, 1000  # characters beyond ASCII; those that East Asian fonts draw as squares
_LEADING: Final = 1.18  # the height of a line, times its size
_BASELINE: Final = 0.91  # from the top of a line to the foot of its letters, times its size
_WORDS: Final = re.compile(r"[^ ]* +|[^ ]+")
_PIECES: Final = re.compile(r"[^.:\-/, ]*[.:\-/, ]+|[^.:\-/, ]+")


class _Widths(dict[str, int]):
    """Thousandths of the size by character; those that no table has are guessed."""

    def __missing__(self, letter: str) -> int:
        return _WIDE if east_asian_width(letter) in "WF" else _OTHER


_PLAIN_WIDTHS: Final = _Widths((chr(32 + place), own) for place, own in enumerate(_PLAIN))
_BOLD_WIDTHS: Final = _Widths((chr(32 + place), own) for place, own in enumerate(_BOLD))


class Run(NamedTuple):
    """Text in one size, in points."""

    text: str
    size_pt: float
    is_bold: bool = False

    @property
    def width(self) -> float:
        """Points from its begin to its end."""
        widths = _BOLD_WIDTHS if self.is_bold else _PLAIN_WIDTHS
        return sum(map(widths.__getitem__, self.text)) * self.size_pt / 1000

    @property
    def height(self) -> float:
        """Points from this line to the next."""
        return self.size_pt * _LEADING

    @property
    def baseline(self) -> float:
        """Points from the top of the line to the foot of its letters."""
        return self.size_pt * _BASELINE


def bold(text: str, size_pt: float) -> Run:
    """Text in bold."""
    return Run(text, size_pt, is_bold=True)


def wrapped(run: Run, most_pt: float) -> list[Run]:
    """The text in lines of at most `most_pt`, broken at spaces.

    A longer word is broken behind dots, colons, dashes and slashes. A piece without any of these
    stays whole, however long it is.

    >>> [line.text for line in wrapped(Run("198.51.100.11 13.0 ms", 7), 30)]
    ['198.51.', '100.11', '13.0 ms']
    """
    lines = [run._replace(text="")]
    for word in _WORDS.findall(run.text):
        is_short = run._replace(text=word.rstrip()).width <= most_pt
        for piece in [word] if is_short else _PIECES.findall(word):
            longer = run._replace(text=lines[-1].text + piece)
            if lines[-1].text and longer._replace(text=longer.text.rstrip()).width > most_pt:
                lines.append(run._replace(text=piece))
            else:
                lines[-1] = longer
    return [line._replace(text=line.text.strip()) for line in lines]


def broken(run: Run, most_pt: float) -> list[Run]:
    """As `wrapped`, but pieces that are longer are broken as well, behind any character.

    >>> [line.text for line in broken(Run("frankfurt.example", 7), 25)]
    ['frankfur', 't.', 'exampl', 'e']
    """
    lines: list[Run] = []
    for line in wrapped(run, most_pt):
        begin = 0
        for end in range(1, len(line.text)):
            if line._replace(text=line.text[begin : end + 1]).width > most_pt:
                lines.append(line._replace(text=line.text[begin:end]))
                begin = end
        lines.append(line._replace(text=line.text[begin:]))
    return lines


def shortened(run: Run, most_pt: float) -> Run:
    """The text, cut at its end to `most_pt` if it is longer.

    >>> shortened(Run("AS64500 Example Networks", 9), 60).text
    'AS64500 E...'
    """
    if run.width <= most_pt:
        return run
    for length in range(len(run.text) - 1, -1, -1):
        cut = run._replace(text=run.text[:length].rstrip() + "...")
        if cut.width <= most_pt:
            return cut
    return run._replace(text="")
