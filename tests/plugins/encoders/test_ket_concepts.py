"""KET's concepts: weights written as loops, what the vocabulary keeps, and a cue that stands in the file alone."""

import math
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.encoder import EncoderBatch
from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.errors import ErcBenchError
from erc_bench.testing.encoders import check_encoder
from erc_bench_plugins.backbones.word_vectors.model import of_words
from erc_bench_plugins.encoders.ket import Ket
from erc_bench_plugins.encoders.ket.concept_branch import ConceptBranch, conversations_of, softmax_within
from erc_bench_plugins.encoders.ket.token_concepts import TokenConcepts

WORDS = ("glad", "happy", "joy", "sad", "tears", "table", "ice")
CONCEPTS = {
    "glad": {"happy": 2.0, "joy": 1.0, "ice cream": 9.0, "nowhere": 5.0, "glad": 7.0},
    "sad": {"tears": 3.0, "glad": 1.5},
    "nowhere": {"joy": 1.0},
}
AFFECT = {"happy": 0.9, "tears": 0.8, "table": 0.1, "elsewhere": 1.0}
SMALL = {"width": 8, "heads": 2, "feed_forward": 7, "dropout": 0.0, "window": 2}
DIM = 5


def words_with_vectors(words=WORDS, dim=DIM, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(len(words), dim)).astype(np.float32)
    tokenizer, model = of_words(words, vectors, 512)
    return LoadedBackbone(tokenizer, model.double(), 512, reading="mean")


@pytest.fixture
def files(tmp_path):
    """Return a function that writes concepts and affect, and gives the options that name them."""

    def write(concepts, affect=AFFECT):
        knowledge, lexicon = tmp_path / "concepts.tsv", tmp_path / "affect.tsv"
        lines = (f"{word}\t{concept}\t{score}" for word, own in concepts.items() for concept, score in own.items())
        knowledge.write_text("\n".join(lines), encoding="utf-8")
        lexicon.write_text("\n".join(f"{w}\t{0.5 + s / 2}\t0\t0.5" for w, s in affect.items()), encoding="utf-8")
        return {"concepts": True, "knowledge": str(knowledge), "affect": str(lexicon)}

    return write


def made(backbone, files, **options):
    torch.manual_seed(0)
    return Ket(Ket.Options(**{**SMALL, **files, **options}), backbone).double().eval()


def conversation(name, texts):
    return Dialogue(name, tuple(Utterance("A", text, scored=True) for text in texts))


def states_of(encoder, example):
    """Return the vectors of the tokens of an example's rows, row by row."""
    return [encoder.language_model.table(torch.tensor(list(row.ids))) for row in encoder.rows(example)]


def read(encoder, dialogues):
    examples = encoder.examples(dialogues, False, Random(0))
    states = [torch.cat(states_of(encoder, example)) for example in examples]
    return encoder(torch.cat(states), EncoderBatch(examples, [len(own) for own in states])).z


def pooled_by_loop(words):
    """words: (n, d) of a turn → (d,)."""
    parts = []
    for grams in (1, 2, 3):
        starts = range(max(1, len(words) - grams + 1))
        parts.append(torch.stack([words[start : start + grams].max(0).values for start in starts]).mean(0))
    return torch.stack(parts).mean(0)


def enriched_by_loop(encoder, turns):
    """turns: of each turn its words → of each turn (words, 2 DIM)."""
    table, trust = encoder.language_model.table, encoder.branch.trust
    ids = {word: encoder.tokenizer(word, add_special_tokens=False)["input_ids"][0] for turn in turns for word in turn}
    vectors = {word: table(torch.tensor(token)) for word, token in ids.items()}
    said = torch.stack([pooled_by_loop(torch.stack([vectors[word] for word in turn])) for turn in turns]).mean(0)
    found = []
    for turn in turns:
        rows = []
        for word in turn:
            own = {c: s for c, s in CONCEPTS.get(word, {}).items() if c in WORDS and c != word}
            known = {word: 1.0, **{c: s / max(own.values()) for c, s in own.items()}}
            weights, together = [], []
            for concept, score in known.items():
                vector = table(torch.tensor(encoder.tokenizer(concept, add_special_tokens=False)["input_ids"][0]))
                near = abs(said @ vector / (said.norm() * vector.norm()))
                affect = (AFFECT[concept] - 0.1) / 0.9 if concept in AFFECT else 0.5
                share = trust[ids[word]]
                weights.append((share * score * near + (1 - share) * affect).exp())
                together.append(vector)
            mixed = sum(weight / sum(weights) * vector for weight, vector in zip(weights, together, strict=True))
            rows.append(torch.cat([vectors[word], mixed]))
        found.append(torch.stack(rows))
    return found


def test_words_and_their_concepts_are_those_of_the_equations(invented, files):
    encoder = made(words_with_vectors(), files(CONCEPTS))
    with torch.no_grad():
        encoder.branch.trust.uniform_(0, 1)
    dialogues = [conversation("d", ["glad", "sad table sad happy", "ice"]), conversation("e", ["tears glad joy sad"])]
    turns = [turn.text.split() for turn in dialogues[0].utterances]
    read_of = [turns[:1], turns[:2], turns, [dialogues[1].utterances[0].text.split()]]
    slow = []
    for own in read_of:
        *context, target = enriched_by_loop(encoder, own)
        slow.append(encoder.represent([target], [context])[0])
    fast, slow = read(encoder, dialogues), torch.stack(slow)
    table = encoder.language_model.table.weight
    ours, theirs = (torch.autograd.grad(z.square().sum(), table, retain_graph=True)[0] for z in (fast, slow))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    assert torch.autograd.grad(fast.sum(), encoder.branch.trust, retain_graph=True)[0].count_nonzero() >= 2
    invented.assert_same_gradients(encoder, fast, slow)


def test_a_turn_says_the_mean_of_its_largest_n_grams():
    generator = torch.Generator().manual_seed(0)
    turns = [
        [torch.randn(n, 4, generator=generator, dtype=torch.float64) for n in own] for own in ((1, 2, 7), (3,), (2, 2))
    ]
    slow = torch.stack([torch.stack([pooled_by_loop(turn) for turn in own]).mean(0) for own in turns])
    torch.testing.assert_close(conversations_of(turns), slow, rtol=0, atol=1e-12)


def test_a_softmax_within_groups():
    logits, group = torch.tensor([1.0, 800.0, -3.0, 799.0, 0.0]), torch.tensor([0, 1, 0, 1, 2])
    expected = [1 / (1 + math.exp(-4)), 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(4)), 1 / (1 + math.exp(1)), 1.0]
    torch.testing.assert_close(softmax_within(logits, group, 3), torch.tensor(expected))


def test_a_vocabulary_keeps_single_tokens_each_its_own_first_concept():
    tokenizer = words_with_vectors().tokenizer
    branch = ConceptBranch(TokenConcepts.of(tokenizer, CONCEPTS, AFFECT, most=100))
    ids = {word: tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in WORDS}
    named = {number: word for word, number in ids.items()}
    assert {word: [named[c] for c in branch.concepts_of(ids[word])] for word in WORDS} == {
        **{word: [word] for word in WORDS},
        "glad": ["glad", "happy", "joy"],
        "sad": ["sad", "tears", "glad"],
    }
    start = int(branch.first[ids["glad"]])
    assert branch.score[start : start + 3].tolist() == [1.0, 1.0, 0.5]
    assert branch.affect[start : start + 3].tolist() == [0.5, 0.9, 0.5]


def test_the_strongest_concepts_are_kept():
    tokenizer = words_with_vectors().tokenizer
    branch = ConceptBranch(TokenConcepts.of(tokenizer, CONCEPTS, AFFECT, most=2))
    (glad, happy) = tokenizer("glad happy", add_special_tokens=False)["input_ids"]
    assert branch.concepts_of(glad) == [glad, happy]


def test_a_vocabulary_without_any_is_told(files):
    with pytest.raises(ErcBenchError, match=r"no word of encoder\.knowledge with one of its concepts") as refused:
        made(words_with_vectors(), files({"froid": {"neige": 1.0}, "glad": {"neige": 1.0}}))
    assert "word-vectors" in refused.value.hint


@pytest.mark.parametrize("name", ["knowledge", "affect"])
def test_a_file_that_is_not_named_is_told(files, name):
    with pytest.raises(ErcBenchError, match=rf"encoder\.concepts=true reads encoder\.{name}"):
        made(words_with_vectors(), {**files(CONCEPTS), name: None})


def test_an_example_is_read_alike_whatever_its_batch(files):
    encoder = made(words_with_vectors(), files(CONCEPTS))
    dialogues = [conversation("d", ["glad", "sad table sad happy", "ice"]), conversation("e", ["tears glad joy sad"])]
    together = read(encoder, dialogues)
    apart = torch.cat([read(encoder, [dialogue]) for dialogue in dialogues])
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)


def test_a_word_alone_is_its_own_only_concept(files):
    encoder = made(words_with_vectors(), files(CONCEPTS))
    states = torch.randn(2, DIM, dtype=torch.float64)
    expected = encoder.represent(list(torch.cat([states, states], -1).split(1)), [(), ()])
    torch.testing.assert_close(encoder.represent_words(states), expected)


CLASSES, SEEN, UNSEEN = 3, 240, 60
NAMES = [f"word{number}" for number in range(SEEN + UNSEEN)]
GROUPS = [f"group{number}" for number in range(CLASSES)]


@pytest.mark.parametrize(("knows", "least", "most"), [(True, 0.95, 1.0), (False, 0.0, 0.55)])
def test_a_cue_that_stands_in_the_file_alone_is_found(files, knows, least, most):
    """Every word belongs to a group, which the file alone says, and is the label; words of the test were never seen."""
    group = {name: Random(number).randrange(CLASSES) for number, name in enumerate(NAMES)}
    given = files({name: {GROUPS[own]: 1.0} for name, own in group.items()}) if knows else {"concepts": False}
    encoder = made(words_with_vectors([*NAMES, *GROUPS], 16), given, width=16, feed_forward=16)
    encoder.train()
    head = nn.Linear(encoder.dim, CLASSES).double()
    own = [p for name, p in encoder.named_parameters() if not name.startswith("language_model")]
    optimiser = torch.optim.Adam([*own, *head.parameters()], lr=5e-3)
    dialogues = [conversation(name, [name]) for name in NAMES]
    labels = torch.tensor([group[name] for name in NAMES])
    for _ in range(25):
        for start in range(0, SEEN, 48):
            part = slice(start, start + 48)
            optimiser.zero_grad()
            nn.functional.cross_entropy(head(read(encoder, dialogues[part])), labels[part]).backward()
            optimiser.step()
    with torch.no_grad():
        right = head(read(encoder, dialogues[SEEN:])).argmax(-1) == labels[SEEN:]
    assert least <= float(right.double().mean()) <= most


def test_it_conforms_with_concepts(files):
    # Words of the checks' own vocabulary.
    concepts = {"the": {"a": 1.0, "i": 2.0}, "i": {"you": 1.0, "a": 2.0}, "a": {"b": 1.0}}
    check_encoder(Ket, Ket.Options(**files(concepts)))


def test_two_spellings_of_one_token_share_their_concepts():
    tokenizer = words_with_vectors().tokenizer
    spelt = {"joy": {"happy": 1.0, "sad": 2.0}, "JOY": {"happy": 3.0, "SAD": 0.5}}
    branch = ConceptBranch(TokenConcepts.of(tokenizer, spelt, AFFECT, most=9))
    (joy, happy, sad) = tokenizer("joy happy sad", add_special_tokens=False)["input_ids"]
    assert branch.concepts_of(joy) == [joy, happy, sad]
    start = int(branch.first[joy])
    assert branch.score[start : start + 3].tolist() == pytest.approx([1.0, 1.0, 2 / 3])
