"""The tests that a comparison makes, and the meaning of each of their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.statistics.corrections import CORRECTIONS
from erc_bench.statistics.ranks import mann_whitney, wilcoxon
from erc_bench.statistics.results import DiscreteTest, TTest
from erc_bench.statistics.seeds import paired_t, sign_flip, welch_t

Unit = Literal["seed", "dialogue", "both"]
UNITS: tuple[Unit, ...] = ("seed", "dialogue", "both")
CLUSTERS = ("dialogue", "episode", "session", "script")
CORRECTION_NAMES = {"bh": "benjamini-hochberg"}
"""Short names of corrections."""
CORRECTION_WORDS = {
    "holm": "Holm",
    "hochberg": "Hochberg",
    "benjamini-hochberg": "Benjamini and Hochberg",
    "bonferroni": "Bonferroni",
}

SeedTest = Callable[[Sequence[float], Sequence[float], float], TTest | DiscreteTest]


@dataclass(frozen=True)
class KindOfTest:
    """A test over seeds. ``paired`` ones read the shared seeds, the others all seeds of either side."""

    function: SeedTest
    words: str
    paired: bool = True

    @property
    def name(self) -> str:
        """The test's name within a sentence, with its article."""
        return f"{'an' if self.words.startswith('exact') else 'a'} {self.words}"


SEED_TESTS: Mapping[str, KindOfTest] = {
    "paired-t": KindOfTest(paired_t, "two-sided paired t-test"),
    "sign-flip": KindOfTest(sign_flip, "exact two-sided sign-flip test"),
    "wilcoxon": KindOfTest(wilcoxon, "exact two-sided Wilcoxon signed-rank test"),
    "welch": KindOfTest(welch_t, "two-sided Welch t-test (seeds not paired)", paired=False),
    "mann-whitney": KindOfTest(mann_whitney, "exact two-sided Mann-Whitney test (seeds not paired)", paired=False),
}
"""Name → test of a row's scores against its baseline's."""


@dataclass(frozen=True)
class Tests:
    """Which tests are made.

    ``test`` stands behind †. ``unit`` is the unit of the test: ``seed`` (†; records are enough), ``dialogue`` (△: the
    trained systems, on new dialogues), ``both`` († and ‡). ``cluster`` is the unit that tests over dialogues take for
    independent. ``all_pairs`` compares each row with each other one, ``letters`` also shows whom a row beats.
    ``by`` adds columns for the slices of a test split, or for its speakers. ``margin`` asks whether rows are equal
    within so many points, ``ranks`` for the ranks of rows over datasets, ``force_ranks`` for their tests below five
    datasets as well.
    Raises :class:`ErcBenchError` for an unknown name.
    """

    test: str = "paired-t"
    correction: str = "holm"
    unit: Unit = "both"
    all_pairs: bool = False
    letters: bool = False
    cluster: str = "dialogue"
    by: Literal["slice", "speaker"] | None = None
    margin: float | None = None
    ranks: bool = False
    force_ranks: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "correction", CORRECTION_NAMES.get(self.correction, self.correction))
        # Letters say whom a row beats: that takes all pairs.
        object.__setattr__(self, "all_pairs", self.all_pairs or self.letters)
        object.__setattr__(self, "ranks", self.ranks or self.force_ranks)
        _check_margin(self.margin, self.unit)
        _check_not_of_folds(self.test)
        _check("test", self.test, SEED_TESTS)
        _check("correction", self.correction, {**CORRECTION_NAMES, **CORRECTIONS})
        _check("unit of tests", self.unit, UNITS)
        _check("cluster", self.cluster, CLUSTERS)
        _check_unit(self)

    @property
    def over_seeds(self) -> bool:
        """Whether † is given."""
        return self.unit != "dialogue"

    @property
    def needs_counts(self) -> bool:
        """Whether tests read the answers of dialogues; the records' scores are enough without."""
        return self.unit != "seed" or self.by is not None

    @property
    def seed_test(self) -> KindOfTest:
        """The test behind †."""
        return SEED_TESTS[self.test]

    @property
    def correction_words(self) -> str:
        """How sentences name the correction."""
        return CORRECTION_WORDS[self.correction]


def _check_unit(tests: Tests) -> None:
    """Raise :class:`ErcBenchError` for options that would change nothing beside this unit."""
    if tests.unit == "dialogue" and tests.test != "paired-t":
        raise ErcBenchError(
            f"the test {tests.test} is one over seeds, of which the unit dialogue makes none",
            "Leave the test (over dialogues it is sign flips), or the unit dialogue.",
        )
    if tests.unit == "seed" and tests.cluster != "dialogue":
        raise ErcBenchError(
            f"the cluster {tests.cluster} belongs to tests over dialogues, of which the unit seed makes none",
            "Leave the cluster, or the unit seed.",
        )


def _check_not_of_folds(test: str) -> None:
    if test in ("corrected-resampled-t", "nadeau-bengio"):
        raise ErcBenchError(
            f"the test {test} is one for folds of a cross-validation, and seeds of one test set are no folds",
            "Leave it: paired-t is right for seeds. For folds of your own: "
            "erc_bench.statistics.seeds.corrected_resampled_t.",
        )


def _check_margin(margin: float | None, unit: str) -> None:
    if margin is None:
        return
    if not 0 < margin < math.inf:
        raise ErcBenchError(f"a margin is a number of points above 0, not {margin:g}")
    if unit == "dialogue":
        raise ErcBenchError("a margin belongs to the tests over seeds", "Leave the margin, or the unit dialogue.")


def _check(kind: str, name: str, known: Mapping[str, object] | Sequence[str]) -> None:
    if name not in known:
        raise ErcBenchError(f"there is no {kind} {name!r}; {did_you_mean(name, known)}")
