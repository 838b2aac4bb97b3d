"""The concepts of each token of a vocabulary, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

import erc_bench.api as erc

_UNKNOWN_AFFECT = 0.5


@dataclass(frozen=True)
class TokenConcepts:
    """first: (V + 1,), and for each concept of each token, one after the other, its token, score and affect: (E,).

    Those of token w are the places from first[w] to first[w + 1]. Every token is its own first concept; the others
    follow, the strongest first. Scores are shares of the token's largest.
    """

    first: Tensor
    concept: Tensor
    score: Tensor
    affect: Tensor

    @classmethod
    def of(
        cls, tokenizer: Any, concepts: Mapping[str, Mapping[str, float]], affect: Mapping[str, float], most: int
    ) -> TokenConcepts:
        """Return the concepts of a vocabulary: a word or concept that is no single token of it is left out.

        ``most`` is the number of concepts of a token, itself among them. Raises :class:`ErcBenchError` where none is
        left.
        """
        tokens = _tokens_of(tokenizer, dict.fromkeys([*concepts, *(c for own in concepts.values() for c in own)]))
        scores: dict[int, dict[int, float]] = {}
        for word, own in concepts.items():
            for token in tokens.get(word, ()):
                # Two spellings may be one token: it has the concepts of both, each with its largest score.
                known = scores.setdefault(token, {})
                known.update({c: max(s, known.get(c, 0.0)) for c, s in _scores(token, tokens, own).items()})
        if not any(scores.values()):
            raise erc.ErcBenchError(
                "no word of encoder.knowledge with one of its concepts stands in the vocabulary of the backbone",
                "Take word vectors of the same language (--backbone word-vectors), or another file.",
            )
        strength = {token: affect[word] for word, own in _tokens_of(tokenizer, affect).items() for token in own}
        return cls._packed(len(tokenizer), scores, strength, most)

    @classmethod
    def _packed(
        cls, size: int, scores: Mapping[int, Mapping[int, float]], strength: Mapping[int, float], most: int
    ) -> TokenConcepts:
        first, concept, score = [0], [], []
        for token in range(size):
            own = scores.get(token, {})
            largest = max(own.values(), default=1.0)
            kept = sorted(own, key=lambda other: (-own[other], other))[: most - 1]
            concept += [token, *kept]
            score += [1.0, *(own[other] / largest for other in kept)]
            first.append(len(concept))
        known = np.full(size, _UNKNOWN_AFFECT)
        known[list(strength)] = list(strength.values())
        at = torch.tensor(concept)
        return cls(torch.tensor(first), at, torch.tensor(score, dtype=torch.float64), torch.from_numpy(known)[at])


def _scores(token: int, tokens: Mapping[str, Sequence[int]], own: Mapping[str, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for concept, score in own.items():
        if concept in tokens and (other := tokens[concept][-1]) != token:
            found[other] = max(score, found.get(other, 0.0))
    return found


def _tokens_of(tokenizer: Any, words: Iterable[str]) -> dict[str, list[int]]:
    """Return the tokens that are a whole word each: as a text begins with it, and as it stands within one."""
    listed = list(words)
    found: dict[str, list[int]] = {}
    for before in ("", " "):
        for word, ids in zip(listed, erc.plain_ids(tokenizer, [before + word for word in listed]), strict=True):
            if len(ids) == 1 and ids[0] != tokenizer.unk_token_id and ids[0] not in found.setdefault(word, []):
                found[word].append(ids[0])
    return {word: ids for word, ids in found.items() if ids}
