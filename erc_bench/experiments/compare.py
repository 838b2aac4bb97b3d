"""``compare`` for notebooks: stored runs to a table with tests, without torch."""

from __future__ import annotations

from collections.abc import Callable

from erc_bench.comparison import Comparison
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.comparing import Tell, cells_of, compare_stored
from erc_bench.experiments.door import door
from erc_bench.experiments.view import ComparisonView
from erc_bench.planning.table_requests import CompareRequest


@door(CompareRequest)
def compare(request: CompareRequest) -> ComparisonView:
    """Compare stored runs: mean and spread over seeds, and tests against a baseline.

    Returns a view: a notebook shows it as tables; :meth:`~ComparisonView.to_frame` has the scores, ``tests`` the
    tests, both as frames; :meth:`~ComparisonView.to_latex` and others write it.

    {keywords}

    ``runs`` may also be rows of :func:`load_runs`, whose cells alone take part then. Of runs that were scored on a
    corpus that is there, and against other gold labels, none is shown; without the corpus none whose gold labels most
    others do not have.

    Raises :class:`ErcBenchError` where there is nothing to compare, for an unknown name, and for options that do not
    go together.

    Examples:
        >>> table = erc.compare("runs", methods=["ce", "eacl"], baseline="ce", test="wilcoxon")
        >>> table
        <ComparisonView: 2 rows on demo, baseline ce>
        >>> table.tests[["label", "baseline", "sign_flip_smallest_p"]].values.tolist()
        [['eacl', 'ce', 0.5]]
    """
    cells = cells_of(request.runs)
    return view(lambda tell: compare_stored(cells, request, tell))


def view(make: Callable[[Tell], Comparison]) -> ComparisonView:
    """Return the view of a comparison with the notes that its making tells; an error has them in its hint."""
    notes: list[str] = []
    try:
        return ComparisonView(make(notes.append), tuple(notes))
    except ErcBenchError as error:
        raise ErcBenchError(error.message, "\n".join(filter(None, [error.hint, *notes]))) from error.__cause__
