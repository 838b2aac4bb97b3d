"""What a language model is shown: the past alone, speakers by number, in plain text and in a chat."""

import pytest

import erc_bench.api as erc
from erc_bench.testing.tiny import tiny_generative
from erc_bench_plugins.systems.language_models.prompts import Demonstration, Prompter, turns_before
from erc_bench_plugins.systems.language_models.templates import TEMPLATES

CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SAID = [("Ann", "Hi!"), ("Bob", "Oh no."), ("Ann", "What?"), ("Cid", "Nothing."), ("Bob", "I see.")]
WORDS = ("joy", "sadness")


def dialogue(said=SAID):
    return erc.Dialogue("d", tuple(erc.Utterance(speaker, text, None, scored=True) for speaker, text in said))


@pytest.fixture
def tokenizer():
    return tiny_generative().tokenizer


def prompter(tokenizer, template="expert", shown=(), window=12, chat=False):
    if chat:
        tokenizer.chat_template = CHAT
    return Prompter(tokenizer, TEMPLATES[template], WORDS, lambda text: shown, window, chat)


def test_the_past_alone_is_shown_and_speakers_have_the_numbers_of_their_dialogue():
    assert turns_before(dialogue(), 3, 2) == [
        ("Speaker 1", "Oh no."),
        ("Speaker 0", "What?"),
        ("Speaker 2", "Nothing."),
    ]
    assert turns_before(dialogue(), 3, 0) == [("Speaker 2", "Nothing.")]
    assert turns_before(dialogue(), 4, 99)[0] == ("Speaker 0", "Hi!")


def test_later_turns_are_shown_where_they_are_asked_for(tokenizer):
    asking = Prompter(tokenizer, TEMPLATES["turn"], WORDS, lambda text: [], 1, False, later=2)
    text = tokenizer.decode(asking.prompt(dialogue(), 2, 10_000))
    assert "Hi!" not in text
    order = [text.index(part) for part in ("Oh no.", "What?", "Nothing.", "I see.", 'in the line "What?"')]
    assert order == sorted(order)
    assert 'Speaker 2: "Nothing."' in text
    for template in ("expert", "question", "bare"):
        with pytest.raises(erc.ErcBenchError, match="asks about the last line") as raised:
            Prompter(tokenizer, TEMPLATES[template], WORDS, lambda text: [], 1, False, later=2)
        assert "system.template=turn" in raised.value.hint


@pytest.mark.parametrize("template", list(TEMPLATES))
@pytest.mark.parametrize("chat", [False, True])
def test_a_prompt_names_the_labels_and_ends_with_the_target(tokenizer, template, chat):
    asking = prompter(tokenizer, template, chat=chat)
    text = tokenizer.decode(asking.prompt(dialogue(), 2, 10_000))
    assert "joy, sadness" in text
    assert text.index("Hi!") < text.index("Oh no.") < text.index("What?")
    assert "Nothing." not in text
    assert text.endswith("<assistant>" if chat else TEMPLATES[template].cue.format(speaker="Speaker 0"))


@pytest.mark.parametrize("chat", [False, True])
def test_demonstrations_stand_between_with_their_answers(tokenizer, chat):
    shown = [
        Demonstration("e", 0, [("Speaker 0", "We won!")], "joy"),
        Demonstration("f", 1, [("Speaker 1", "He left.")], "sadness"),
    ]
    text = tokenizer.decode(prompter(tokenizer, shown=shown, chat=chat).prompt(dialogue(), 0, 10_000))
    order = [text.index(part) for part in ("joy, sadness", "We won!", "He left.", "Hi!")]
    assert order == sorted(order)
    won, left = text[order[1] : order[2]], text[order[2] : order[3]]
    assert "joy" in won
    assert "sadness" in left
    assert "joy" not in text[order[3] :]


def test_a_label_follows_a_space_in_plain_text_and_nothing_in_a_chat(tokenizer):
    assert tokenizer.decode(prompter(tokenizer).continuation("joy")) == " joy"
    assert tokenizer.decode(prompter(tokenizer, chat=True).continuation("joy")) == "joy"


def test_the_oldest_turns_go_where_there_is_no_room(tokenizer):
    asking = prompter(tokenizer, "bare")
    whole = asking.prompt(dialogue(), 4, 10_000)
    assert asking.shortened == 0
    shorter = tokenizer.decode(asking.prompt(dialogue(), 4, len(whole) - 1))
    assert asking.shortened == 1
    assert "Hi!" not in shorter
    assert "Oh no." in shorter
    assert "I see." in shorter
    with pytest.raises(
        erc.ErcBenchError, match=r"dialogue d, position 4: the prompt has .* and the language model reads 5"
    ):
        asking.prompt(dialogue(), 4, 5)


def test_without_content_nobody_says_anything(tokenizer):
    text = tokenizer.decode(prompter(tokenizer).content_free([], 500))
    assert "N/A" in text
    assert "Hi!" not in text


def test_demonstrations_that_leave_no_room_are_named(tokenizer):
    shown = [Demonstration("e", 0, [("Speaker 0", "We won!" * 50)], "joy")]
    with pytest.raises(
        erc.ErcBenchError, match=r"nobody says anything has .* tokens, and the language model reads 100"
    ):
        prompter(tokenizer, shown=shown).content_free(shown, 100)
