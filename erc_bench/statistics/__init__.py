"""Statistics a reviewer can check: pure functions of numbers, each with its null hypothesis.

==================== ==========================================================================
module               subject of its claims
==================== ==========================================================================
seeds, ranks, power  further seeds on the same test set
dialogues            further utterances (assumed independent); further dialogues for the trained
                     systems at hand
joint                further seeds and further dialogues
corrections, ranks   many tests at once; one claim over several datasets
==================== ==========================================================================

Where a quantity does not exist (one seed, no variance) the result says so in ``reason`` and its
numbers are ``None``: never nan, never infinity, never p = 0. Random draws take a seed and the
result states their number. Only :mod:`scipy.special` is used, because importing
:mod:`scipy.stats` alone takes a second.
"""
