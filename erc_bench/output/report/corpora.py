"""The text of test splits, read from the corpora where they are found and where it may be passed on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.gold import configured
from erc_bench.errors import ErcBenchError
from erc_bench.output.report.model import Text
from erc_bench.plugin_host.catalogue import Catalogue

HOW_TO_GET_TEXT = "Make the report where the corpus is (--data-dir, or erc-bench data fetch)"


def read_text(
    catalogue: Catalogue, record: Mapping[str, Any], data_dir: Path | None, include_text: bool
) -> tuple[Text, str]:
    """Return the test utterances that a record's run was scored on, and a note ("" where all went well).

    Text of another corpus than the run's is never shown, and text that the licence forbids to pass
    on only where ``include_text`` says so.
    """
    name = str(record["dataset"])
    try:
        dataset = catalogue.get("dataset", name)
    except ErcBenchError as error:
        words = f"No text of {name}: no dataset of this name is installed, so its licence is unknown."
        return Text(words), error.message
    if not (dataset.redistributable or include_text):
        return Text(f"Text of {name} is left out, its licence does not allow to pass it on: {dataset.licence}."), ""
    try:
        found = load_corpus(configured(dataset, record), data_dir)
    except Exception as error:  # a dataset is a stranger's code, and no text is no reason to have no report
        reason = error.message if isinstance(error, ErcBenchError) else f"{type(error).__name__}: {error}"
        return Text(f"No text of {name}: its files were not found. {HOW_TO_GET_TEXT}."), reason
    if found.fingerprint != record.get("data", {}).get("fingerprint"):
        words = f"No text of {name}: the corpus at hand is not the one that these runs were scored on."
        return Text(words), f"{name}: the corpus at hand has another fingerprint than that of the runs"
    test = found.splits.limited(record.get("limit")).test
    turns = {dialogue.id: [(turn.speaker, turn.text) for turn in dialogue.utterances] for dialogue in test}
    return Text(f"Text of {name}: {dataset.source}. Licence: {dataset.licence}.", turns), ""
