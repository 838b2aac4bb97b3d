import re
from dataclasses import replace

import pytest

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.output.report.page import environment
from erc_bench.output.report.tables import plot_of, scale_of
from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def filled(store):
    store.add_seeds("ce", [0.5, 0.52, 0.48, 0.51])
    store.add_seeds("eacl", [0.8, 0.81, 0.83, 0.79])
    store.add_seeds("supcon", [0.5, 0.53, 0.49, 0.5])
    return read_cells(store.runs)


@pytest.fixture
def column(filled):
    return compare(filled).columns[0]


def interval_plot(pair, scale, words):
    """Return the picture of a comparison as the page has it; nothing where there is nothing to draw."""
    plot = plot_of(pair, scale)
    return "" if plot is None else environment.get_template("parts.html").module.interval(plot, words)


def places(markup, kind):
    found = re.search(rf'<line x1="([\d.]+)" x2="([\d.]+)"[^>]*class="{kind}"', markup)
    return None if found is None else tuple(map(float, found.groups()))


def test_a_scale_holds_zero_and_all_intervals(column):
    scale = scale_of(column)
    assert scale.low <= 0 <= scale.high
    for pair in column.pairs:
        assert scale.low <= min(pair.test.low, pair.joint.low)
        assert scale.high >= max(pair.test.high, pair.joint.high)


def test_lines_lie_where_the_numbers_are(column):
    scale = scale_of(column)
    for pair in column.pairs:
        drawn = interval_plot(pair, scale, "words")

        def at(value):
            return 4 + 192 * (value - scale.low) / (scale.high - scale.low)

        assert places(drawn, "over-seeds") == pytest.approx((at(pair.test.low), at(pair.test.high)), abs=0.06)
        assert places(drawn, "new-dialogues") == pytest.approx((at(pair.joint.low), at(pair.joint.high)), abs=0.06)
        assert places(drawn, "zero") == pytest.approx((at(0), at(0)), abs=0.06)
        assert float(re.search(r'cx="([\d.]+)"', drawn)[1]) == pytest.approx(at(pair.test.difference), abs=0.06)
        assert 'class="beyond"' not in drawn


def test_an_interval_that_dwarfs_its_difference_is_cut_and_says_so(column):
    test = replace(column.pairs[0].test, difference=1.0, low=-90.0, high=92.0)
    wide = replace(column.pairs[0], difference=1.0, test=test)
    scale = scale_of(replace(column, pairs=(wide,)))
    assert (scale.low, scale.high) == (-5.0, 5.0)
    assert interval_plot(wide, scale, "words").count('class="beyond"') >= 2


def test_rows_that_are_equal_are_drawn_at_zero(store):
    store.add_seeds("ce", [0.5, 0.52])
    store.add_seeds("supcon", [0.5, 0.52])
    column = compare(read_cells(store.runs)).columns[0]
    scale = scale_of(column)
    assert (scale.low, scale.high) == (-1.0, 1.0)
    assert 'cx="100.0"' in interval_plot(column.pairs[0], scale, "words")


def test_without_a_difference_nothing_is_drawn(column):
    empty = replace(column.pairs[0], difference=None)
    assert scale_of(replace(column, pairs=(empty,))) is None
    assert interval_plot(empty, scale_of(column), "words") == ""
    assert scale_of(replace(column, pairs=())) is None


@pytest.mark.parametrize(
    ("tests", "thick", "thin"),
    [
        (Asked(unit="seed"), True, False),
        (Asked(unit="dialogue"), False, True),
        (Asked(test="welch"), True, True),
        (Asked(test="wilcoxon"), True, True),
        (Asked(all_pairs=True), True, True),
    ],
)
def test_other_tests_have_other_intervals(filled, tests, thick, thin):
    column = compare(filled, tests=tests).columns[0]
    for pair in column.pairs:
        drawn = interval_plot(pair, scale_of(column), "words")
        assert (places(drawn, "over-seeds") is not None) == thick
        assert (places(drawn, "new-dialogues") is not None) == thin


def test_a_row_at_the_floor_is_an_arrow_and_leaves_the_scale_to_the_others(column):
    far = replace(
        column.pairs[0], difference=-60.0, test=replace(column.pairs[0].test, difference=-60.0, low=-62, high=-58)
    )
    scores = [score if score.row != far.row else replace(score, values=(0.0,) * 4) for score in column.scores]
    floored = replace(column, pairs=(far, *column.pairs[1:]), scores=tuple(scores), floor=0.0)
    scale = scale_of(floored)
    assert scale == scale_of(replace(column, pairs=column.pairs[1:]))
    drawn = interval_plot(far, scale, "words")
    assert "<circle" not in drawn
    assert 'd="M 5 ' in drawn
    assert scale_of(replace(floored, pairs=(far,))).low <= -62
