"""Charts: their ink is the page's, and names in them are no markup."""

from __future__ import annotations

from matplotlib.axes import Axes

from overtone.report.charts import INK, chart, short, swatches

NASTY = '<b>"$x$&'


def test_words_have_the_pages_colour_and_are_escaped() -> None:
    def draw(axes: Axes) -> None:
        axes.set_title(NASTY)

    drawn = chart(draw, "one", NASTY, "below")
    assert drawn.caption == "below"
    assert INK not in drawn.svg
    assert "currentColor" in drawn.svg
    assert "<b>" not in drawn.svg
    assert "&lt;b&gt;" in drawn.svg
    assert 'aria-label="&lt;b&gt;&#34;$x$&amp;"' in drawn.svg
    assert drawn == chart(draw, "one", NASTY, "below")  # to the byte


def test_a_long_name_is_cut_and_has_one_line() -> None:
    assert short("so\nlong a name", 9) == "so long …"
    assert short("joy", 3) == "joy"


def test_a_legend_tells_lines_apart_by_colour_and_by_sign() -> None:
    shown = swatches([str(place) for place in range(7)], range(7))
    assert len({colour for _, colour, _ in shown}) == len({sign for _, _, sign in shown}) == 7
