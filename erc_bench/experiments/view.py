"""A comparison as a notebook shows it, and as frames."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from erc_bench.comparison.comparison_data import Comparison

if TYPE_CHECKING:
    import pandas as pd

_SCORES = (
    *("dataset", "condition", "slice", "class", "split", "metric", "label", "method", "backbone", "overrides"),
    *("variant", "readout", "mean", "sd", "n", "low", "high", "seeds", "values", "rank", "marks"),
    *(
        "degenerate_seeds",
        "collapsed_seeds",
        "collapse_low",
        "collapse_high",
        "dev_mean",
        "dev_sd",
        "floor",
        "floor_label",
        "dialogues",
        "utterances",
    ),
    *("sees_future", "settings_hash", "settings_from", "selection"),
)
_TESTS = (
    *("dataset", "condition", "slice", "split", "metric", "label", "baseline", "against_baseline", "n", "shared_seeds"),
    *("difference", "difference_low", "difference_high", "difference_sd"),
    *("test", "t", "df", "p", "correction", "adjusted_p"),
    *("family", "verdict", "joint_low", "joint_high", "joint_t", "joint_df", "joint_p", "joint_adjusted_p"),
    *("joint_family", "joint_verdict", "dialogue_low", "dialogue_high", "dialogue_p", "dialogue_adjusted_p"),
    *("dialogue_family", "dialogue_verdict", "sign_flip_p", "sign_flip_smallest_p", "hedges_g", "detectable"),
    *("seed_correlation", "marks", "reason"),
)
_OF_REPORTED = ("reported", "claimed_by", "claimed_difference", "claimed_largest_sd")
"""What only the rows of published numbers have, which are no rows of the frame."""
_WORDS = frozenset(
    {
        *("dataset", "condition", "slice", "class", "split", "metric", "label", "method", "backbone", "overrides"),
        *("variant", "readout", "seeds", "values", "rank", "marks", "degenerate_seeds", "floor_label"),
        *(
            "collapsed_seeds",
            "settings_hash",
            "settings_from",
            "selection",
            "baseline",
            "shared_seeds",
            "test",
            "correction",
        ),
        *("verdict", "joint_verdict", "dialogue_verdict", "reason", "beats", "at_least_adjusted_p", "inflations"),
        *("sees_future", "against_baseline", "equal_within_margin"),
    }
)
"""Columns that are no numbers."""


class ComparisonView:
    """A comparison of rows (methods with their backbone and settings) on datasets.

    A notebook shows it as the tables of ``erc-bench compare``: scores, caption, comparisons, notes.
    ``comparison`` is the same as plain data, with everything that the tables are made from.
    """

    def __init__(self, comparison: Comparison, notes: tuple[str, ...] = ()) -> None:
        self.comparison = comparison
        self._notes = notes

    @property
    def baseline(self) -> str:
        """The row that the others are tested against."""
        return self.comparison.baseline

    @property
    def caption(self) -> tuple[str, ...]:
        """What must be said of the table, sentence by sentence."""
        return self.comparison.caption

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not in the numbers: cells that failed, seeds without a partner, scores that ring an alarm."""
        return (*self._notes, *self.comparison.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the scores, one row for each row of the table on each dataset (published numbers are left out).

        - ``dataset`` with ``condition``, ``slice`` and ``class`` where there are such; ``split``, ``metric``
        - ``label``, ``method``, ``backbone``, ``overrides``, ``variant``, ``readout``: which row
        - ``mean``, ``sd`` (n - 1), ``n``, and the t interval from ``low`` to ``high`` over seeds, in points
        - ``seeds`` and their ``values``: two tuples in the same order
        - ``rank``: ``best`` or ``second`` of the column
        - ``marks``: †, ‡, △ better than the baseline, ↓, ⇓, ▽ worse, ≈ equal
        - ``degenerate_seeds``: those whose result is not that of a trained system
        - ``collapsed_seeds``: these, and those that fell far below the others; ``collapse_low``, ``collapse_high``: the
          exact interval of the chance that a run does
        - ``dev_mean``, ``dev_sd``; ``floor``: the score of always answering ``floor_label``, the best single answer
        - ``dialogues``, ``utterances``: how many were scored
        - ``sees_future``, ``settings_hash``, ``settings_from``, ``selection``
        - what else was asked for: ``beats``, claims over datasets, ranks, the audit
        """
        from erc_bench.output.tables.csv_table import score_lines
        from erc_bench.output.tables.table_cells import marks

        scores = [(column, score) for column in self.comparison.columns for score in column.scores if score]
        rows = [
            {
                **line,
                "seeds": score.seeds,
                "values": score.values,
                "degenerate_seeds": tuple(score.degenerate),
                "collapsed_seeds": score.collapsed,
                "marks": marks(column.pair_of(score.row)),
            }
            for line, (column, score) in zip(score_lines(self.comparison), scores, strict=True)
        ]
        more = [name for name in (rows[0] if rows else ()) if name not in {*_SCORES, *_TESTS, *_OF_REPORTED, "beats"}]
        return _frame(rows, (*_SCORES, *(["beats"] if self.comparison.tests.all_pairs else []), *more))

    @cached_property
    def tests(self) -> pd.DataFrame:
        """The tests, one row for each two rows that were compared on a dataset; empty where none were.

        - ``dataset``, ``condition``, ``slice``, ``split``, ``metric``: where; ``label`` less ``baseline``: what
        - ``n`` shared seeds, the tuple ``shared_seeds``; ``difference`` in points with the t interval from
          ``difference_low`` to ``difference_high``, and ``difference_sd``, the sd of the differences
        - ``test`` over seeds (†): ``t``, ``df``, ``p``, ``adjusted_p`` after ``correction`` for ``family`` tests,
          ``verdict`` (``better``, ``worse`` or empty)
        - ``joint_…``: the test over seeds and dialogues together (‡); ``dialogue_…``: that of the trained systems on
          new dialogues (△, with ``unit="dialogue"``)
        - ``sign_flip_p`` and ``sign_flip_smallest_p``, the smallest that so few seeds can reach
        - ``hedges_g``: the effect; ``detectable``: the smallest true difference that the test would find with
          probability 0.8; ``seed_correlation`` of the two rows' scores
        - ``marks``, and ``reason``: why a test is missing
        - ``margin``, ``equal_…``: the test of equality, where a margin was asked for
        """
        from erc_bench.output.tables.csv_table import pair_lines

        pairs = [pair for column in self.comparison.columns for pair in column.pairs]
        rows = [
            {**line, "n": len(pair.seeds), "shared_seeds": pair.seeds}
            for line, pair in zip(pair_lines(self.comparison), pairs, strict=True)
        ]
        equal = [name for name in (rows[0] if rows else ()) if name.startswith("equal_") or name == "margin"]
        return _frame(rows, (*_TESTS, *equal))

    def to_markdown(self) -> str:
        """Return the tables as GitHub-flavoured Markdown."""
        return self._rendered("markdown")

    def to_latex(self) -> str:
        """Return the tables as LaTeX; the first line names the packages that they need."""
        return self._rendered("latex")

    def to_html(self) -> str:
        """Return the tables as a whole page of HTML without scripts or outside files."""
        return self._rendered("html")

    def to_csv(self) -> str:
        """Return one line for each row of each dataset, with all its numbers, unrounded."""
        return self._rendered("csv")

    def to_json(self) -> str:
        """Return the whole comparison as JSON."""
        return self._rendered("json")

    def _rendered(self, form: str) -> str:
        from erc_bench.output.tables import render

        return render(self.comparison, form)

    def __str__(self) -> str:
        return self._rendered("rich")

    def __repr__(self) -> str:
        comparison = self.comparison
        datasets = ", ".join(dict.fromkeys(column.dataset for column in comparison.columns))
        return f"<{type(self).__name__}: {len(comparison.rows)} rows on {datasets}, baseline {comparison.baseline}>"

    def _repr_html_(self) -> str:
        from html import escape

        from erc_bench.output.tables.html import render

        said = "".join(f"<p>Note: {escape(note)}</p>\n" for note in self._notes)
        return render(self.comparison, whole=False) + said

    def _repr_markdown_(self) -> str:
        return self.to_markdown() + "".join(f"\n- Note: {note}" for note in self._notes)


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns))
    # A number that no row has would be a column of objects.
    return frame.astype({name: "float64" for name in columns if name not in _WORDS and frame[name].isna().any()})
