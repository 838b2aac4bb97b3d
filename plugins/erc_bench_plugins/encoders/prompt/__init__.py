"""The prompt encoder: an utterance behind its past turns, as one input that ends in a prompt.

Source: Yu et al. 2024 (EACL), section 3.3, Eq 1, after Song et al. 2022 (SPCL). ``templates``
holds the wordings, ``turns`` the way from an utterance to token ids.

When an input is too long, its oldest turns are dropped, each as a whole, until it fits; the target's
own turn goes last where the query repeats it (``paper``, ``spcl``). Opening token and query always
stay: an utterance that is too long for the query alone loses tokens from its middle, and a warning
counts such utterances.

The authors of ``eacl`` and ``spcl`` choose the first turn by a rule of their own, which is kept: the
lengths of the turns up to the target's, plus 8, plus the target's once more, must not pass the limit,
and the turn before the target always stays. Where that still overshoots they cut the input on its
left and lose the opening token and part of a turn; here whole turns are dropped instead. They also
pad every input to the limit, which changes no representation.

``requery`` is SPCL's augmentation: an utterance with at least four turns before it also gives, with
that probability, an example of the same window that queries a random earlier turn of it. Such a
query sees turns after its own, in training only; dev, test and what classifiers are fitted on are
never augmented, nor is anything where the backbone is frozen. The authors draw anew for each epoch,
as here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import erc_bench.api as erc
from erc_bench_plugins.encoders.prompt.templates import TEMPLATES
from erc_bench_plugins.encoders.prompt.turns import SpecialIds, Turns

_log = logging.getLogger("erc_bench")

_REQUERIED_FROM = 4
"""Position, from 0, of the first utterance of a dialogue whose window is shown again (SPCL's code)."""
_READ_AT: dict[str, Literal["mask", "opening", "any"]] = {"mask": "mask", "cls": "opening"}
_SHORTEST = 16
"""Tokens that hold every query's fixed words, a short name and a few words of the utterance."""


class Prompt(erc.Encoder):
    """Encode an utterance behind its past turns and read it out at the mask of a prompt."""

    name = "prompt"
    source = "Yu et al. 2024, arXiv:2403.20289, Eq 1"
    departures = (
        "Turns are worded as in the authors' code, SPEAKER says: TEXT; Eq 1 prints s, u.",
        "Eight past turns and 256 tokens at most, from the code; the paper gives no window.",
        "The mask is read, as the paper says; the code looks for an id that is not RoBERTa's mask and reads the "
        "opening token instead (pooling=cls).",
        "A frozen language model is read at the utterance's own words in the prompt, since its mask is untuned "
        "(pooling=mask has the paper's).",
        "An input that is too long loses whole turns and keeps its opening token, which the code cuts off.",
    )

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """Which turns the input shows, and where it is read."""

        window: int = erc.option(8, "Past turns before the target, unlabelled ones included.", at_least=0)
        length: int = erc.option(
            256, "Tokens of an input at most; a backbone that reads fewer lowers it.", at_least=_SHORTEST
        )
        template: Literal["paper", "eacl", "spcl"] = erc.option(
            "paper", "Wording of turns and prompt: Eq 1 of the EACL paper, or what the code of EACL or SPCL builds."
        )
        pooling: Literal["mask", "cls", "mean", "last", "words", "native"] = erc.option(
            "mask",
            "State that represents the utterance: the mask's, the opening token's, the mean of all, the last token's, "
            "the mean of the utterance's own words in the prompt; native: what the backbone was pretrained for.",
            frozen="words",
        )
        requery: float = erc.option(
            0.0,
            "Probability that an utterance's window is shown once more, querying an earlier turn of it; in training.",
            at_least=0,
            at_most=1,
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self.length = min(options.length, self.maximum_length)
        special = SpecialIds(self.tokenizer)
        native = {"opening": "cls"}.get(backbone.reading, backbone.reading)
        self._pooling = native if options.pooling == "native" else options.pooling
        _check(special, self._pooling, self.length)
        self._template = TEMPLATES[options.template]
        self._turns = Turns(self.tokenizer, special, self._template, self.length)
        self._reported: set[tuple[str, str]] = set()

    @property
    def augments(self) -> bool:
        """Whether earlier turns are queried again."""
        return bool(self.options.requery > 0)

    @property
    def reads(self) -> Literal["mask", "opening", "any"]:
        """The token that ``pooling`` names."""
        return _READ_AT.get(self._pooling, "any")

    def examples(self, dialogues: Sequence[erc.Dialogue], training: bool, rng: Random) -> list[erc.Example]:
        """Make one example of every scored utterance and the past turns of its window.

        In training some windows come twice (``requery``).
        """
        self._turns.prepare(utterance for dialogue in dialogues for utterance in dialogue.utterances)
        examples = [
            erc.Example(dialogue, (target,), tuple(self._window(target)))
            for dialogue in dialogues
            for target in dialogue.targets()
        ]
        if training and self.augments:
            examples += [again for example in examples for again in self._requeried(example, rng)]
        self._report_shortened(examples)
        return examples

    def rows(self, example: erc.Example) -> list[erc.TokenRow]:
        """Return the one input of the example's target."""
        query = self._turns[_target(example)].query
        ids = list(self._turns.opening)
        for turn in self._context(example, self.length - len(ids) - len(query) - len(self._turns.ending)):
            ids += turn
        ids += query
        mask = len(ids)
        ids += self._turns.ending
        return [erc.TokenRow(ids, self._positions(example, mask, len(ids)))]

    def _window(self, target: int) -> range:
        return range(max(0, target - self.options.window), target)

    def _requeried(self, example: erc.Example, rng: Random) -> Iterator[erc.Example]:
        """Yield the example's window with a query about one of its earlier turns, or nothing."""
        (target,) = example.targets
        window = self._window(target)
        if target < _REQUERIED_FROM or not window or rng.random() >= self.options.requery:
            return
        earlier = rng.choice(window)
        if example.dialogue.utterances[earlier].scored:
            repeats = self._template.repeats_target
            yield erc.Example(
                example.dialogue, (earlier,), tuple(turn for turn in (*window, target) if repeats or turn != earlier)
            )

    def _positions(self, example: erc.Example, mask: int, length: int) -> Sequence[int]:
        """Return where an input of ``length`` tokens is read, whose query ends before ``mask``."""
        if self._pooling == "words":
            target = _target(example)
            start = mask - len(self._turns[target].query)
            # An utterance without a word of its own is read whole.
            return [start + place for place in self._turns.words(target)] or range(length)
        places: dict[str, Sequence[int]] = {"mask": (mask,), "cls": (0,), "last": (length - 1,), "mean": range(length)}
        return places[self._pooling]

    def _context(self, example: erc.Example, room: int) -> list[list[int]]:
        """Return the ids of the turns to show, the oldest first, together at most ``room``."""
        utterances = example.dialogue.utterances
        turns = [self._turns[utterances[index]].context for index in example.context]
        # Where an earlier turn is queried again, the window ends in the turn that it was made for.
        newest = max((*example.targets, *example.context))
        requeried = newest not in example.targets
        own = self._turns[utterances[newest]].context
        if turns and self._template.allowance is not None:
            overflow = _overflow(turns, self.length - self._template.allowance - (1 if requeried else 2) * len(own))
            turns = turns[min(overflow, len(turns) - 1) :]
        if self._template.repeats_target and not requeried:
            turns.append(own)
        return turns[_overflow(turns, room) :]

    def _report_shortened(self, examples: Sequence[erc.Example]) -> None:
        """Warn of utterances that lose their middle, of each of them once."""
        shortened: dict[tuple[str, str], erc.UtteranceKey] = {}
        for example in examples:
            target = _target(example)
            if self._turns[target].shortened:
                shortened.setdefault((target.speaker, target.text), example.target_keys()[0])
        new = [key for turn, key in shortened.items() if turn not in self._reported]
        self._reported |= shortened.keys()
        if new:
            dialogue, position = new[0]
            _log.warning(
                "%d utterance(s) longer than an input of %d tokens lose their middle; "
                "the first is utterance %d of dialogue %s",
                *(len(new), self.length, position, dialogue),
            )


def _target(example: erc.Example) -> erc.Utterance:
    (target,) = example.targets
    return example.dialogue.utterances[target]


def _overflow(turns: Sequence[list[int]], room: int) -> int:
    """Count the oldest turns that must go so that the others fit into ``room`` tokens."""
    total = sum(map(len, turns))
    dropped = 0
    while dropped < len(turns) and total > room:
        total -= len(turns[dropped])
        dropped += 1
    return dropped


def _check(special: SpecialIds, pooling: str, length: int) -> None:
    """Raise :class:`erc.ErcBenchError` where the backbone cannot read a prompt."""
    remedy = "Read the representation where the model keeps it: --set encoder.pooling=native"
    if special.mask is None and pooling == "mask":
        raise erc.ErcBenchError("the tokenizer of this backbone has no mask token, which pooling=mask reads", remedy)
    if special.opening is None and pooling == "cls":
        raise erc.ErcBenchError("the tokenizer of this backbone has no opening token, which pooling=cls reads", remedy)
    if special.separator is None:
        raise erc.ErcBenchError("the tokenizer of this backbone has no token that closes a turn", "Choose another one.")
    if length < _SHORTEST:
        raise erc.ErcBenchError(
            f"this backbone reads at most {length} tokens; a prompt takes at least {_SHORTEST}", "Choose another one."
        )


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Prompt]
