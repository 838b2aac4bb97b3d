"""What ``erc-bench score`` prints: the same words and figures as text, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator

from erc_bench.commands import text_sections
from erc_bench.commands.text_sections import Section
from erc_bench.comparison.scoring.scoring_result import Contrast, Scored, ScoredSystem
from erc_bench.output.tables.table_cells import bracketed, figure, probability
from erc_bench.statistics.metrics import METRIC_WORDS


def render(scored: Scored, form: str) -> str:
    """Return what was found as ``rich`` (plain text), ``markdown`` or ``json``, ending in a newline."""
    return text_sections.render(scored, _sections(scored), form)


def as_workbook(scored: Scored) -> bytes:
    """Return what was found as an .xlsx file; raises :class:`ErcBenchError` without openpyxl."""
    return text_sections.as_workbook(_sections(scored))


def _sections(scored: Scored) -> Iterator[Section]:
    yield _metrics(scored)
    yield _classes(scored)
    if scored.contrast is not None:
        yield _contrast(scored, scored.contrast)


def _names(scored: Scored) -> tuple[str, ...]:
    """Return short names of the files, whole ones where the short ones are alike."""
    short = tuple(system.name.replace("\\", "/").rpartition("/")[2] for system in scored.systems)
    return short if len(set(short)) == len(short) else tuple(system.name for system in scored.systems)


def _marked_names(scored: Scored) -> tuple[str, ...]:
    """Return the names as they head a table, marked where answers that are no label count as wrong."""
    pairs = zip(_names(scored), scored.systems, strict=True)
    return tuple(f"{name} ({_unknown_share(each, scored)} unknown)" if each.unknown else name for name, each in pairs)


def _unknown_share(system: ScoredSystem, scored: Scored) -> str:
    share = 100 * sum(system.unknown.values()) / (scored.labelled * len(system.runs))
    return "< 0.1 %" if share < 0.1 else f"{share:.1f} %"


_MOST_TOLD = 5
_LONGEST = 40


def _unknown(name: str, system: ScoredSystem, scored: Scored) -> str:
    asked = scored.labelled * len(system.runs)
    several = f" in {len(system.runs)} runs" if len(system.runs) > 1 else ""
    told = [f"{_short(text)} {count:,}" for text, count in list(system.unknown.items())[:_MOST_TOLD]]
    further = len(system.unknown) - len(told)
    return (
        f"{name}: {sum(system.unknown.values()):,} of {asked:,} answers{several} ({_unknown_share(system, scored)})"
        f" are no label and count as wrong: {', '.join(told)}{f' and {further:,} others' if further else ''}."
    )


def _short(text: str) -> str:
    shown = repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
    return shown if text else "none given"


def _metrics(scored: Scored) -> Section:
    floors = {name: figure(scored.floor.get(name), ".2f") for name in scored.systems[0].summaries}
    rows = [
        (METRIC_WORDS[name], *(system.summaries[name].words() for system in scored.systems), floor)
        for name, floor in floors.items()
    ]
    return Section(
        (f"{scored.dataset}, {scored.split}", *_marked_names(scored), "floor"), tuple(rows), tuple(_facts(scored))
    )


def _facts(scored: Scored) -> Iterator[str]:
    several = any(len(system.runs) > 1 for system in scored.systems)
    yield (
        f"In points{', mean ± standard deviation (n - 1) over seeds' if several else ''}. {scored.dialogues} dialogues"
        f" with {scored.utterances} utterances, {scored.labelled} of them labelled; floor: always answering"
        f" {scored.floor['label']}. Data {scored.fingerprint[:8]}."
    )
    if scored.cluster != "dialogue":
        count = f"{scored.clusters} {scored.cluster}s"
        yield f"Taken for independent: the {count}, in place of the dialogues."
    for name, system in zip(_names(scored), scored.systems, strict=True):
        yield _about(name, system, scored)
        if system.unknown:
            yield _unknown(name, system, scored)
        yield from (
            f"{name}{_seed(run.seed)} is degenerate: {run.degenerate}." for run in system.runs if run.degenerate
        )
        yield from (f"Note: {name}: {note}." for note in system.notes)
    yield from (f"Note: {note}." for note in scored.notes)


def _about(name: str, system: ScoredSystem, scored: Scored) -> str:
    interval = system.interval
    over = f"over further {scored.cluster}s, for these systems as they are trained"
    seeds = [str(run.seed) for run in system.runs if run.seed is not None]
    named = f" (seeds {', '.join(seeds)})" if len(seeds) > 1 else ""
    told = f"{name}{named}: {METRIC_WORDS[scored.metric]}"
    if interval.low is None:
        return f"{told} has no interval {over}: {interval.reason}."
    level = f"{100 * (1 - scored.alpha):g} %"
    short = f"; {interval.reason}" if interval.reason else ""
    how = f"({interval.method} bootstrap, {interval.draws:,} draws{short})"
    return f"{told} has the {level} interval {bracketed(interval.low, interval.high)} {over} {how}."


def _seed(seed: int | None) -> str:
    return "" if seed is None else f", seed {seed},"


def _classes(scored: Scored) -> Section:
    rows = [
        (label, *(system.class_summaries[label].words() for system in scored.systems), str(count))
        for label, count in scored.support.items()
    ]
    return Section(("F1 by class", *_marked_names(scored), "gold"), tuple(rows))


def _contrast(scored: Scored, contrast: Contrast) -> Section:
    first, second = _marked_names(scored)
    interval = contrast.interval
    rows = [
        ("difference", figure(interval.estimate, "+.2f"), "", _of_seeds(scored, contrast)),
        (
            f"over {scored.cluster}s: bootstrap",
            bracketed(interval.low, interval.high),
            "",
            interval.reason or f"{interval.method}, {interval.draws:,} draws",
        ),
        (
            f"over {scored.cluster}s: sign flips",
            "",
            probability(contrast.test.p),
            contrast.test.reason or ("exact" if contrast.test.draws is None else f"{contrast.test.draws:,} draws"),
        ),
        *_over_seeds(contrast),
        *_mcnemar(scored, contrast),
    ]
    titles = (f"{first} - {second}", f"points, {100 * (1 - scored.alpha):g} % interval", "p", "how")
    return Section(titles, tuple(rows), tuple(_what_they_say(scored, contrast)))


def _over_seeds(contrast: Contrast) -> Iterator[tuple[str, str, str, str]]:
    tests = contrast.seed_tests
    if tests is None:
        return
    seeds = f"{len(contrast.seeds)} seeds"
    paired, joint, both = tests.paired_t, tests.joint, tests.two_level
    t = paired.reason or f"t({figure(paired.df, '.0f')}) = {figure(paired.t, '.2f')}, {seeds}"
    yield "over seeds: paired t", bracketed(paired.low, paired.high), probability(paired.p), t
    yield "over seeds: sign flips", "", probability(tests.sign_flip.p), tests.sign_flip.reason or seeds
    how = joint.reason or f"t({figure(joint.df, '.1f')}) = {figure(joint.t, '.2f')}"
    yield "over both: joint test", bracketed(joint.low, joint.high), probability(joint.p), how
    yield "over both: bootstrap", bracketed(both.low, both.high), "", both.reason or f"{both.draws:,} draws"


def _partly(scored: Scored, contrast: Contrast) -> bool:
    """Whether the difference is of fewer runs than the files hold."""
    return any(len(system.runs) > len(contrast.seeds) for system in scored.systems)


def _of_seeds(scored: Scored, contrast: Contrast) -> str:
    """Name the seeds that the difference is of, where the scores above are of more."""
    seeds = ", ".join(map(str, contrast.seeds))
    return f"of seed{'' if len(contrast.seeds) == 1 else 's'} {seeds} alone" if _partly(scored, contrast) else ""


def _mcnemar(scored: Scored, contrast: Contrast) -> Iterator[tuple[str, str, str, str]]:
    for seed, test in zip(contrast.seeds, contrast.mcnemar, strict=True):
        alone = len(contrast.seeds) == 1 and not _partly(scored, contrast)
        named = "" if seed is None or alone else f" (seed {seed})"
        how = test.reason or f"{test.only_first} : {test.only_second} right alone"
        yield f"utterances as if independent: McNemar{named}", "", probability(test.p), how


def _what_they_say(scored: Scored, contrast: Contrast) -> Iterator[str]:
    yield (
        f"Over {scored.cluster}s: what these trained systems would do on further {scored.cluster}s; sign flips swap all"
        f" answers of one {scored.cluster}. No p is corrected for other comparisons you may make."
    )
    shared = contrast.shared
    if shared.design_effect is None:
        yield f"Design effect: {shared.reason}."
    else:
        yield (
            f"Design effect of the difference in right answers: {shared.design_effect:.2f} (intra-{scored.cluster}"
            f" correlation {figure(shared.correlation, '.3f')}): {shared.n} utterances tell as much as"
            f" {figure(shared.effective_size, '.0f')} independent ones would. McNemar's test"
            f" {contrast.mcnemar[0].assumption} and counts right answers, whatever the metric."
        )
    if contrast.seed_tests is not None:
        tests = contrast.seed_tests
        yield (
            "Over seeds: what training again would show on this split; over both: also on further"
            f" {scored.cluster}s. Hedges' g_z {figure(tests.effect.value, '.2f')}, smallest detectable difference"
            f" {figure(tests.detectable.value, '.2f')} (power .8), correlation of the seeds' scores"
            f" {figure(tests.correlation.value, '.2f')}."
        )
    elif _partly(scored, contrast):
        yield (
            f"Both files have seed {contrast.seeds[0]} alone in common, and one shared seed says nothing about training"
            " again: give several that both have."
        )
    else:
        yield "One run on each side says nothing about training again: give several seeds for that."
    if _partly(scored, contrast):
        yield "The scores above are of all runs of either file, the difference of the runs that are paired."
    yield from (f"Note: {note}." for note in contrast.notes)
