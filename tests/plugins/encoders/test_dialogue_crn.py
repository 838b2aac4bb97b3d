"""DialogueCRN against its equations, written as loops over turns and speakers."""

import pytest
import torch

from erc_bench_plugins.encoders.dialogue_crn import DialogueCrn


def reasoned(encoder, name, bank):
    if not any(encoder.reasoning.values()):
        return bank
    answers = []
    for turn in range(len(bank)):
        question, state = encoder.question(bank[turn]), None
        readable = bank if encoder.options.direction == "both" else bank[: turn + 1]
        for _ in range(encoder.reasoning[name]):
            state = encoder.cells[name](question[None], state)
            asking = state[0][0]
            weights = torch.stack([other @ asking for other in readable]).softmax(0)
            question = torch.cat([asking, sum(w * other for w, other in zip(weights, readable, strict=True))])
        answers.append(question)
    return torch.stack(answers)


def by_loop(encoder, dialogue, states):
    situation = encoder.situation(states[None])[0][0]
    names = [turn.speaker for turn in dialogue.utterances]
    own = torch.zeros_like(situation)
    for speaker in set(names):
        places = [place for place, name in enumerate(names) if name == speaker]
        least, past = encoder.options.least_turns, encoder.options.direction == "past"
        for count, (place, state) in enumerate(zip(places, encoder.speakers(states[places][None])[0][0], strict=True)):
            if (count + 1 if past else len(places)) >= least:
                own[place] = state
    return torch.relu(torch.cat([reasoned(encoder, "situation", situation), reasoned(encoder, "speakers", own)], -1))


@pytest.mark.parametrize("direction", ["both", "past"])
@pytest.mark.parametrize(("turns", "least"), [((0, 0), 2), ((0, 1), 1), ((2, 3), 1)])
def test_it_computes_its_equations(invented, direction, turns, least):
    options = {"situation_turns": turns[0], "speaker_turns": turns[1], "least_turns": least}
    encoder = invented.network(DialogueCrn, 5, direction=direction, width=4, layers=2, **options)
    dialogues = invented.conversations([1, 7, 3, 12])
    states = invented.states_of(dialogues, 5)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)


def test_speakers_who_all_speak_too_seldom_read_as_zero(invented):
    encoder = invented.network(DialogueCrn, 5, width=4, least_turns=2, speaker_turns=0)
    dialogues = [invented.conversation("d", "ABC")]
    read = invented.read(encoder, dialogues, invented.states_of(dialogues, 5))
    assert not read[:, 8:].any()
    assert read[:, :8].any()


def test_the_past_does_not_know_whether_a_speaker_will_speak_again(invented):
    encoder = invented.network(DialogueCrn, 5, direction="past", width=4, least_turns=2, speaker_turns=0)
    longer, shorter = invented.conversation("d", "ABCAB"), invented.conversation("d", "ABC")
    states = invented.states_of([longer], 5)
    read = invented.read(encoder, [longer], states)
    torch.testing.assert_close(read[:3], invented.read(encoder, [shorter], states[:3]), rtol=0, atol=1e-12)
    assert not read[:3, 8:].any()
    assert read[3:, 8:].any()
