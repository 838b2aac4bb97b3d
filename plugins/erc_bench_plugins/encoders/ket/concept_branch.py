"""What a word's concepts add to it: weighted by their relatedness to the conversation and by their affect."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from erc_bench_plugins.encoders.ket.token_concepts import TokenConcepts

_GRAMS = (1, 2, 3)


class ConceptBranch(nn.Module):
    """Give every word of a conversation one vector of its concepts: v_w = Σ_c ω_c c.

    ω = softmax over the concepts c of w of λ_w s_wc |cos(r, c)| + (1 - λ_w) a_c, with the score s_wc of the pair, the
    affect a_c, the conversation r, and a λ_w of each word, 1/2 before it trains. Source: Zhong et al. 2019, concepts
    weighted by relatedness and affect.
    """

    def __init__(self, concepts: TokenConcepts) -> None:
        super().__init__()
        # From the files, not learnt: a saved model has a copy of these.
        for name in ("first", "concept", "score", "affect"):
            self.register_buffer(name, getattr(concepts, name), persistent=False)
        self.trust = nn.Parameter(torch.full((len(concepts.first) - 1,), 0.5))

    def concepts_of(self, token: int) -> list[int]:
        """Return the tokens of a token's concepts, itself first."""
        found: list[int] = self.concept[self.first[token] : self.first[token + 1]].tolist()  # type: ignore[index]
        return found

    def forward(self, words: Tensor, owners: Tensor, conversations: Tensor, concepts: Tensor) -> Tensor:
        """words, owners: (P,), a word and whose conversation it is said in, conversations: (n, d), concepts: (E, d).

        ``concepts`` are the vectors of the concepts of all words, one word behind the other. Returns (P, d).
        """
        starts, ends = self.first[words], self.first[words + 1]  # type: ignore[index]
        counts = ends - starts
        pair = torch.arange(len(words), device=words.device).repeat_interleave(counts)
        within = torch.arange(len(pair), device=words.device) - (counts.cumsum(0) - counts)[pair]
        place = starts[pair] + within
        near = F.cosine_similarity(concepts, conversations[owners[pair]], -1).abs()
        trust = self.trust[words[pair]]
        score, affect = (table[place].to(near) for table in (self.score, self.affect))  # type: ignore[index]
        weights = softmax_within(trust * score * near + (1 - trust) * affect, pair, len(words))
        return concepts.new_zeros(len(words), concepts.shape[-1]).index_add(0, pair, weights[:, None] * concepts)


def softmax_within(logits: Tensor, group: Tensor, groups: int) -> Tensor:
    """logits, group: (E,), in groups that are numbered → (E,), positive, with the sum 1 in each group."""
    highest = logits.new_full((groups,), -torch.inf).scatter_reduce(0, group, logits.detach(), "amax")
    raised = (logits - highest[group]).exp()
    return raised / raised.new_zeros(groups).index_add(0, group, raised)[group]


def conversations_of(turns: Sequence[Sequence[Tensor]]) -> Tensor:
    """turns: of each conversation its turns, (words, d) each → (n, d): the mean over the turns of what each says.

    A turn says the mean, over n = 1, 2, 3, of the mean over its n-grams of the largest value in each dimension; one of
    fewer words is an n-gram as a whole. Source: hierarchical pooling of Shen et al. 2018, as Zhong et al. 2019 use it.
    """
    flat = [turn for own in turns for turn in own]
    words = pad_sequence(flat, batch_first=True, padding_value=-torch.inf)
    lengths = torch.tensor([len(turn) for turn in flat], device=words.device)
    said = torch.stack([_pooled(words, lengths, grams) for grams in _GRAMS]).mean(0)
    return torch.stack([own.mean(0) for own in said.split([len(own) for own in turns])])


def _pooled(words: Tensor, lengths: Tensor, grams: int) -> Tensor:
    """words: (turns, longest, d), minus infinity behind each → (turns, d)."""
    padded = F.pad(words, (0, 0, 0, grams - 1), value=-torch.inf)
    largest = padded.unfold(1, grams, 1).amax(-1)
    count = (lengths - grams + 1).clamp(min=1)
    there = torch.arange(words.shape[1], device=words.device)[None, :] < count[:, None]
    return largest.masked_fill(~there[..., None], 0).sum(1) / count[:, None]
