"""What is folded, and what stays open."""

from erc_bench.output.report.markup import element
from erc_bench.output.report.tables import MOST_OPEN, folded

CONTENT = element("table")


def test_few_rows_stay_as_they_are():
    assert folded("Many rows", CONTENT, MOST_OPEN) == CONTENT
    assert folded("Many rows", CONTENT, 1, "meld") == '<div data-dataset="meld"><table></table></div>'


def test_many_rows_stand_behind_a_line_that_names_them():
    written = folded("Many <rows>", CONTENT, MOST_OPEN + 1, "meld")
    assert written == (
        '<details class="fold" data-dataset="meld"><summary>Many &lt;rows&gt;</summary><table></table></details>'
    )
