"""``load_model`` for notebooks: the model that ``erc-bench predict`` answers by."""

from __future__ import annotations

from pathlib import Path

from erc_bench.errors import python_words, speaking
from erc_bench.experiments.components import HandedOver
from erc_bench.planning.asked import path_of
from erc_bench.planning.run_requests import Several
from erc_bench.training.saved_models.saved_model import SavedModel
from erc_bench.training.saved_models.saved_model import load_model as load


def load_model(
    run: str | Path, *, readout: str | None = None, device: str = "auto", plugins: Several = ()
) -> SavedModel:
    """Load the model that ``run`` saved with ``save_model=True`` (or ``erc-bench run --save-model``).

    ``run`` is the folder of its cell, or one above that holds a single model. ``readout`` chooses a further classifier
    that read the training, ``plugins`` makes components known that no package brings: classes, methods, modules
    with hooks, paths of Python files. Needs no network and no corpus, and opens no pickle.

    Raises :class:`ErcBenchError` where there is no model or several, where its files are damaged, and where a
    component that it needs is missing.

    Examples:
        >>> model = erc.load_model("runs/demo/ce")  # doctest: +SKIP
        >>> for each in model.predict([("Ann", "I got the job!"), ("Bob", "Great!")]):  # doctest: +SKIP
        ...     print(each.speaker, each.emotion, round(each.score, 2))
    """
    with speaking(python_words):
        folder = path_of(run, "run", "Name the folder of a cell whose model was saved.")
        return load(folder, readout=readout, device=device, catalogue=HandedOver(plugins).catalogue())
