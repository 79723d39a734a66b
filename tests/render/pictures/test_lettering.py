from __future__ import annotations

import pytest

from render.pictures.lettering import Run, bold, shortened, wrapped


def test_widths_are_those_of_helvetica() -> None:
    # Adobe's metrics: H 722, e 556, l 222, o 556 thousandths; in bold H 722, e 556, l 278, o 611.
    assert Run("Hello", 10).width == pytest.approx(22.78)
    assert bold("Hello", 10).width == pytest.approx(24.45)


@pytest.mark.parametrize("most", [12, 30, 60, 200])
def test_text_is_broken_without_loss_and_cut_within_its_room(most: float) -> None:
    run = Run("rt-1.par.example.net, AS64500 2001:db8:0:1::9", 9)
    said = "".join(line.text for line in wrapped(run, most))
    assert said.replace(" ", "") == run.text.replace(" ", "")
    assert shortened(run, most).width <= most
