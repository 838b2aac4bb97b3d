"""Statistics a reviewer can check: pure functions of numbers, each with its null hypothesis.

==================== ==========================================================================
module               what its claims are about
==================== ==========================================================================
seeds, sign_flip,    further seeds on the same test set
ranks, power
utterances,          further utterances (assumed independent); further dialogues for the trained
dialogues            systems at hand
joint                further seeds and further dialogues
datasets, friedman   one claim over several datasets
corrections, chains  many tests at once
==================== ==========================================================================

Where a quantity does not exist (one seed, no variance) the result says so in ``reason`` and its
numbers are ``None``: never nan, never infinity, never p = 0. Random draws take a seed and the
result states their number. Only :mod:`scipy.special` is used, because importing
:mod:`scipy.stats` alone takes a second.
"""

from erc_bench.statistics.chains import holm_chains
from erc_bench.statistics.corrections import CORRECTIONS, benjamini_hochberg, bonferroni, hochberg, holm
from erc_bench.statistics.datasets import one_sided, partial_conjunction, stouffer
from erc_bench.statistics.dialogues import dialogue_bootstrap, dialogue_sign_flip
from erc_bench.statistics.friedman import friedman, friedman_of_ranks, nemenyi_distance
from erc_bench.statistics.joint import joint_test, two_level_bootstrap
from erc_bench.statistics.power import (
    detectable_difference,
    detectable_effect,
    detectable_with_error,
    largest_sd,
    seeds_needed,
)
from erc_bench.statistics.ranks import mann_whitney, midranks, wilcoxon
from erc_bench.statistics.resampling import Counts, cluster_counts
from erc_bench.statistics.results import (
    ALIKE,
    NO_SEEDS,
    ONE_DIALOGUE,
    ONE_SEED,
    ZERO_VARIANCE,
    BootstrapInterval,
    ClusterEffect,
    Combined,
    DialogueSignFlip,
    DiscreteTest,
    Equivalence,
    Estimate,
    Friedman,
    JointTest,
    McNemar,
    OneSampleT,
    PairedT,
    PartialConjunction,
    RankSum,
    SeedsNeeded,
    SignedRank,
    SignFlip,
    Summary,
    TTest,
    WelchT,
)
from erc_bench.statistics.seeds import (
    correlation,
    equivalence,
    hedges_g,
    one_sample_t,
    paired_t,
    summarise,
    welch_t,
)
from erc_bench.statistics.sign_flip import sign_flip
from erc_bench.statistics.student_t import t_power
from erc_bench.statistics.utterances import intra_cluster_correlation, mcnemar

__all__ = [
    "ALIKE",
    "CORRECTIONS",
    "NO_SEEDS",
    "ONE_DIALOGUE",
    "ONE_SEED",
    "ZERO_VARIANCE",
    "BootstrapInterval",
    "ClusterEffect",
    "Combined",
    "Counts",
    "DialogueSignFlip",
    "DiscreteTest",
    "Equivalence",
    "Estimate",
    "Friedman",
    "JointTest",
    "McNemar",
    "OneSampleT",
    "PairedT",
    "PartialConjunction",
    "RankSum",
    "SeedsNeeded",
    "SignFlip",
    "SignedRank",
    "Summary",
    "TTest",
    "WelchT",
    "benjamini_hochberg",
    "bonferroni",
    "cluster_counts",
    "correlation",
    "detectable_difference",
    "detectable_effect",
    "detectable_with_error",
    "dialogue_bootstrap",
    "dialogue_sign_flip",
    "equivalence",
    "friedman",
    "friedman_of_ranks",
    "hedges_g",
    "hochberg",
    "holm",
    "holm_chains",
    "intra_cluster_correlation",
    "joint_test",
    "largest_sd",
    "mann_whitney",
    "mcnemar",
    "midranks",
    "nemenyi_distance",
    "one_sample_t",
    "one_sided",
    "paired_t",
    "partial_conjunction",
    "seeds_needed",
    "sign_flip",
    "stouffer",
    "summarise",
    "t_power",
    "two_level_bootstrap",
    "welch_t",
    "wilcoxon",
]
