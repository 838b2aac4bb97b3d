"""Conformance of methods: ``check_method(MY_METHOD)`` in a plugin's own tests.

A method is run, by the runner that makes every table, on a small corpus on disk that changes
between runs: what must not matter must not change an answer. Each run has a process of its own, in which
no other corpus was read (``fresh_process``). ``recipes`` holds the checks of what a
method says of itself, ``protocol_runs`` and ``orders`` those that run it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.component import Component, needs_backbone
from erc_bench.contracts.method import Method
from erc_bench.contracts.system import System
from erc_bench.errors import ErcBenchError
from erc_bench.planning.combination import DEFAULT_CHOICES
from erc_bench.planning.request import NO_BACKBONE, Combination, look_up_backbone
from erc_bench.planning.run_requests import FeatureFiles
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.corpus import SmallCorpus
from erc_bench.testing.dev_lessons import dev_unlearnt
from erc_bench.testing.findings import Check, Finding, insist, run_checks
from erc_bench.testing.method_cells import MethodTrial
from erc_bench.testing.protocol_runs import (
    chosen_epoch,
    earlier_cells,
    future,
    labels_of_test,
    learns,
    neighbours,
    runs,
    same_seed,
    seeds,
)
from erc_bench.testing.random_backbone import TinyBackbone, TinyGenerative
from erc_bench.testing.recipes import parts, said, settings
from erc_bench.testing.saving import saved_model
from erc_bench.testing.seeded_features import drawing_from
from erc_bench.testing.shuffling import training_order


def method_findings(
    method: Method,
    catalogue: Catalogue | None = None,
    backbone: str = "",
    features: FeatureFiles = (),
    settings: Sequence[str] = (),
) -> list[Finding]:
    """Run every check on a method.

    ``catalogue`` holds its parts, those that are installed where it is left out. ``backbone`` is a name,
    a Hugging Face id or a local folder, and stays frozen; where it is left out, a tiny one with random
    weights is fine-tuned, which takes seconds. Vectors of the turns are drawn from the files ``features``, by name, and
    are noise where there is none. ``settings``, as ``SLOT.OPTION=VALUE``, are stronger than all others. Raises
    :class:`ErcBenchError` where there is no such backbone.
    """
    catalogue = Catalogue() if catalogue is None else catalogue
    combination = Combination(method, SmallCorpus, *_backbone(method, catalogue, backbone))
    with _folder() as folder, drawing_from(features):
        findings = run_checks(METHOD_CHECKS, MethodTrial(combination, catalogue, folder, settings))
    if method.system is not None:
        findings[:0] = run_checks(COMPONENT_CHECKS, _SystemSubject(method.system))
    return findings


def check_method(
    method: Method, catalogue: Catalogue | None = None, backbone: str = "", features: FeatureFiles = ()
) -> None:
    """Run every check on a method, as :func:`method_findings` does.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(method_findings(method, catalogue, backbone, features), f"the method {method.name!r}")


def features_of_method(method: Method, catalogue: Catalogue) -> frozenset[str]:
    """Return the names of the features that a method and its upstream read here; none of a method that has no plan."""
    combination = Combination(method, SmallCorpus, *_backbone(method, catalogue, ""))
    try:
        return frozenset(MethodTrial(combination, catalogue, Path()).plan().all_features())
    except AssertionError:
        return frozenset()


def check_system(system_class: type[System]) -> None:
    """Run every check on a system, as the method that consists of it.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    summary = system_class.summary() or "A system."
    check_method(Method(system_class.name, system_class.source, summary, system=system_class))


class _SystemSubject:
    """A system, for the checks of all components."""

    options: Any = None

    def __init__(self, component: type[Component]) -> None:
        self.component = component


def _backbone(method: Method, catalogue: Catalogue, name: str) -> tuple[type[Backbone] | None, str, str]:
    # A name that is none is told, whether the method has a use for it or not.
    if not _needs_backbone(method, catalogue) and (method.system is None or not name):
        return None, NO_BACKBONE, ""
    if not name:
        tiny: type[Backbone] = TinyBackbone if method.system is None else TinyGenerative
        return tiny, tiny.name, ""
    problems: list[str] = []
    found = look_up_backbone(catalogue, name, problems)
    if found is None:
        raise ErcBenchError("; ".join(problems))
    return found


def _needs_backbone(method: Method, catalogue: Catalogue) -> bool:
    """Whether a method needs a language model; where that cannot be told of its encoder, the checks say why."""
    if method.system is not None:
        return bool(method.system.needs_backbone)
    try:
        encoder = catalogue.get("encoder", {**DEFAULT_CHOICES, **method.choices}["encoder"])
        own = {a.removeprefix("encoder."): v for a, v in method.settings.items() if a.startswith("encoder.")}
        return needs_backbone(encoder, encoder.Options(**own))
    except (ErcBenchError, TypeError):
        return True


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="erc-bench-check-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


METHOD_CHECKS: Sequence[Check[MethodTrial]] = (
    Check(
        "recipe",
        "Its name, source, summary and where its settings come from are read.",
        "A row of a table is worth little if nobody can tell which paper, equation or code it stands for.",
        said,
    ),
    Check(
        "parts",
        "Every slot that it fills, and every further readout, is looked up.",
        "A recipe whose part is missing fails after the others of a grid have trained for hours.",
        parts,
    ),
    Check(
        "settings",
        "Its settings, also by dataset and for the search, are resolved on every installed dataset.",
        "A setting that no part has is a setting that was never applied, and the paper says that it was.",
        settings,
    ),
    Check(
        "runs",
        "It trains and answers on a small corpus: with a tiny backbone fine-tuned and frozen, with a named one frozen.",
        "What does not run cannot be compared; nothing else can be looked at.",
        runs,
    ),
    Check(
        "learning",
        "Its score on test is held against that of the best constant answer, on a corpus that a bag of words solves.",
        "Collapsed runs have been published as results: the majority class alone has a weighted F1 of 31 on MELD.",
        learns,
    ),
    Check(
        "test labels",
        "Every label of test is replaced on disk, where --data-dir, $ERC_BENCH_DATA and ./data lead, and it trains "
        "again.",
        "A checkpoint chosen by the score on test, class weights that count labels of test, a loader that is called "
        "behind the runner's back: whatever reads a label of test answers differently here.",
        labels_of_test,
    ),
    Check(
        "dev labels",
        "Dev gives words that train has not a label, and then another one; test is asked for these words.",
        "Train teaches, and dev chooses: who trains on dev, too, has more data than the others of the table, and a dev "
        "score that says nothing.",
        dev_unlearnt,
    ),
    Check(
        "training order",
        "The order in which it is given, or reads, its training data is written down epoch after epoch.",
        "Data that are never shuffled (COSMIC's official loop re-seeds each pass and does not) give every epoch the "
        "same batches, and the last dialogues the last word.",
        training_order,
    ),
    Check(
        "same seed",
        "It trains again from the same seed, in a process in which hash() of a text is another number.",
        "A number that does not come again cannot be checked by anybody, nor paired with another method's.",
        same_seed,
    ),
    Check(
        "other seed",
        "It trains from another seed.",
        "Five seeds that are one seed have no variance: every difference to them looks significant.",
        seeds,
    ),
    Check(
        "test neighbours",
        "It answers the second half of the test dialogues alone, the last one first.",
        "Statistics taken over the test split, learning while answering, or attention across unrelated dialogues of a "
        "batch make an answer depend on who else is asked.",
        neighbours,
    ),
    Check(
        "future turns",
        "The test dialogues end earlier, or go on otherwise.",
        "What sees the future is another task; tables mark it, and mark nothing that does not say so.",
        future,
    ),
    Check(
        "earlier cells",
        "It trains after a cell of another seed in the same process, whose predictions lie in ./runs.",
        "State that outlives a cell (a class attribute, a module's cache, a stored prediction with its gold label) "
        "makes a result depend on what ran before.",
        earlier_cells,
    ),
    Check(
        "chosen epoch",
        "Dev is labelled with what the first epoch answers, so that it is chosen; the dev score of the weights that "
        "are read out is held against that of the chosen epoch.",
        "State outside of parameters and buffers stays that of the last epoch, and the stored score is nobody's.",
        chosen_epoch,
    ),
    Check(
        "saved model",
        "It trains once more and is saved; the saved model is loaded and answers the test dialogues.",
        "What is published as weights must be what the table was made from, and not what a component kept elsewhere.",
        saved_model,
    ),
)
"""Checks of methods, the cheap ones first."""
