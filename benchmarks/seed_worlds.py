"""How often tests over seeds find a difference between methods of equal mean, where scores are no bell curve.

    python benchmarks/seed_worlds.py --output benchmarks/seed_worlds.md

Each draw has n seeds of two methods whose scores have the same mean, in points. What is not normal is the spread over
seeds (``WORLDS``). The rules of erc-bench (a collapsed seed holds the mark back) are those of
``erc_bench.comparison.failed_seeds``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from erc_bench.comparison.failed_seeds import collapsed
from erc_bench.statistics.ranks import mann_whitney, wilcoxon
from erc_bench.statistics.seeds import paired_t, sign_flip, welch_t

ALPHA, SEEDS = 0.05, (5, 10)
MEAN, SD, FLOOR = 60.0, 0.6, 31.0
"""Mean and spread of a method's scores on MELD, and what one answer everywhere scores there."""
CHANCE, FALL = 0.1, 25.0
"""How often a training collapses, and how many points it loses then."""

Scores = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Scores, Scores]]


def _normal(rng: np.random.Generator, n: int) -> tuple[Scores, Scores]:
    return MEAN + SD * rng.standard_normal(n), MEAN + SD * rng.standard_normal(n)


def _skewed(rng: np.random.Generator, n: int) -> tuple[Scores, Scores]:
    # An exponential tail of bad seeds on one side, of the same mean.
    return MEAN + SD * (1 - rng.exponential(size=n)), MEAN + SD * rng.standard_normal(n)


def _both_skewed(rng: np.random.Generator, n: int) -> tuple[Scores, Scores]:
    return MEAN + SD * (1 - rng.exponential(size=n)), MEAN + SD * (1 - rng.exponential(size=n))


def _collapsing(rng: np.random.Generator, n: int) -> tuple[Scores, Scores]:
    # Better by CHANCE * FALL where it does not collapse: the means are equal.
    ours = MEAN + CHANCE * FALL + SD * rng.standard_normal(n) - FALL * (rng.random(n) < CHANCE)
    return ours, MEAN + SD * rng.standard_normal(n)


def _both_collapsing(rng: np.random.Generator, n: int) -> tuple[Scores, Scores]:
    ours, _ = _collapsing(rng, n)
    theirs, _ = _collapsing(rng, n)
    return ours, theirs


WORLDS: dict[str, tuple[Draw, str]] = {
    "normal": (_normal, "both methods normal, sd 0.6"),
    "skewed": (_skewed, "one method has an exponential tail of bad seeds, the other is normal; the same sd"),
    "both skewed": (_both_skewed, "both have such a tail"),
    "collapsing": (
        _collapsing,
        f"one method loses {FALL:g} points in {CHANCE:.0%} of its trainings, and is better by {CHANCE * FALL:g} else",
    ),
    "both collapsing": (_both_collapsing, "both do"),
}


@dataclass(frozen=True)
class Test:
    """A test over seeds, and whether a mark is held back where a seed collapsed."""

    name: str
    p: Callable[[Scores, Scores], float | None]
    holds_back: bool = False

    def marks(self, ours: Scores, theirs: Scores) -> bool:
        """Whether a difference is marked."""
        p = self.p(ours, theirs)
        if p is None or p > ALPHA:
            return False
        return not (self.holds_back and (collapsed(ours.tolist(), FLOOR) or collapsed(theirs.tolist(), FLOOR)))


def _trimmed(ours: Scores, theirs: Scores) -> float | None:
    """Yuen's test on differences: a fifth is cut off at either end."""
    found = float(stats.ttest_ind(ours, theirs, trim=0.2, equal_var=False).pvalue)
    return found if math.isfinite(found) else None


TESTS = (
    Test("paired t", lambda ours, theirs: paired_t(ours, theirs).p),
    Test("paired t, held back (†)", lambda ours, theirs: paired_t(ours, theirs).p, holds_back=True),
    Test("Welch's t", lambda ours, theirs: welch_t(ours, theirs).p),
    Test("sign-flip", lambda ours, theirs: sign_flip(ours, theirs).p),
    Test("Wilcoxon", lambda ours, theirs: wilcoxon(ours, theirs).p),
    Test("Mann-Whitney", lambda ours, theirs: mann_whitney(ours, theirs).p),
    Test("Yuen's t, a fifth trimmed", _trimmed),
)


def rates(draw: Draw, n: int, simulations: int, rng: np.random.Generator) -> list[float]:
    """Return the share of draws that each test marks."""
    marked = np.zeros(len(TESTS))
    for _ in range(simulations):
        both = draw(rng, n)
        marked += [test.marks(*both) for test in TESTS]
    return (marked / simulations).tolist()


def page(found: dict[tuple[int, str], list[float]], simulations: int) -> str:
    """Return the results as Markdown."""
    error = math.sqrt(ALPHA * (1 - ALPHA) / simulations)
    lines = [
        "# Seeds that are not normal",
        "",
        f"Share of {simulations:,} simulations in which two methods of equal mean are marked as different, at a level",
        f"of {ALPHA:g}. Monte Carlo standard error of a rate of {ALPHA:g}: {error:.4f}. Made by",
        "`benchmarks/seed_worlds.py`.",
        "",
        *(f"- **{name}**: {words}." for name, (_, words) in WORLDS.items()),
    ]
    for n in SEEDS:
        heads, rule = " | ".join(WORLDS), "---:|" * len(WORLDS)
        lines += ["", f"## {n} seeds", "", f"| test | {heads} |", f"|---|{rule}"]
        for place, test in enumerate(TESTS):
            lines.append(f"| {test.name} | {' | '.join(f'{found[n, name][place]:.3f}' for name in WORLDS)} |")
    return "\n".join([*lines, "", *_reading(found), ""])


def _reading(found: dict[tuple[int, str], list[float]]) -> list[str]:
    plain, held = ([found[n, "collapsing"][place] for n in SEEDS] for place in (0, 1))
    trimmed = [found[n, "collapsing"][len(TESTS) - 1] for n in SEEDS]
    few, many = SEEDS
    unseen = [(1 - CHANCE) ** n for n in SEEDS]
    return [
        "## Reading",
        "",
        "- Skewed scores do little harm to a t-test; it is made for means.",
        f"- A method that collapses in {CHANCE:.0%} of its trainings shows no collapse in {unseen[0]:.0%} of",
        f"  experiments with {few} seeds and in {unseen[1]:.0%} of those with {many}. The t-test then sees the good",
        f"  trainings alone: it marks {plain[0]:.0%} and {plain[1]:.0%}. Trimming takes collapses away and marks",
        f"  {trimmed[0]:.0%} and {trimmed[1]:.0%}.",
        f"- Holding the mark back where a seed collapsed leaves {held[0]:.0%} and {held[1]:.0%}: what remains is what",
        "  no experiment of this size can see. That is why captions say how many of further runs may still collapse.",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate every world and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--simulations", type=int, default=4000, help="per world and number of seeds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a Markdown file; printed without it")
    chosen = parser.parse_args(arguments)
    run = partial(rates, simulations=chosen.simulations)
    found = {
        (n, name): run(draw, n, rng=np.random.default_rng([chosen.seed, n, place]))
        for n in SEEDS
        for place, (name, (draw, _)) in enumerate(WORLDS.items())
    }
    text = page(found, chosen.simulations)
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
