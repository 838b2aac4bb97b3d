"""Two conversations never become one without a word: ids that begin anew, numbers that repeat, unknown names."""

import itertools

import pytest

from erc_bench.corpora.conversations.fields import Columns
from erc_bench.errors import ErcBenchError

SCENES = (
    "Utterance,Speaker,Scene_ID,Utterance_ID,Season,Episode\n"
    "Tea?,['Eve Hill'],1,1,1,1\n"
    "Please.,\"['Joe', 'Eve Hill']\",1,2,1,1\n"
    "Goal!,['Max Roy'],1,1,1,2\n"
    "Yes!,['Pat'],1,2,1,2\n"
)


def test_scenes_are_counted_within_their_episode(read, turns):
    document = read("scenes.csv", SCENES)
    assert turns(document) == [[("Eve Hill", "Tea?"), ("Joe", "Please.")], [("Max Roy", "Goal!"), ("Pat", "Yes!")]]
    assert [each.id for each in document.conversations] == ["1/1/1", "1/2/1"]
    assert document.notes == (
        "a conversation is identified by Season, Episode, Scene_ID together",
        "1 turn names several speakers: the first is taken",
    )
    asked = read("scenes.csv", SCENES.replace("1,2,1,2\n", "1,3,1,2\n").replace("1,1,1,2\n", "1,4,1,2\n"), BY_SCENE)
    assert len(asked.conversations) == 1


BY_SCENE = Columns(dialogue=("Scene_ID",))
SPLITS = "split,dialogue_id,speaker,text\ntrain,0,A,a\ntrain,0,B,b\ntrain,1,A,c\ndev,0,A,d\ndev,0,B,e\n"
UNKNOWN = "where,dialogue_id,turn,text\nx,0,1,a\nx,0,2,b\ny,0,1,c\ny,0,2,d\n"
AGAIN = "dialogue_id,text\n0,a\n0,b\n1,c\n0,d\n"
TWICE = "Dialogue_ID,Utterance_ID,Utterance\n4,0,Tea?\n4,1,Please.\n4,1,Please.\n"
REFUSED = [
    (SPLITS, "line 5: conversation '0' has turns of split 'train' and 'dev'", "--dialogue-column split,dialogue_id"),
    (SPLITS.replace("split", "run"), "line 5: conversation '0' begins anew", "--dialogue-column run,dialogue_id"),
    (UNKNOWN, "line 4: utterance '1' of conversation '0' is there twice (turn), first", "where,dialogue_id tells"),
    (
        AGAIN,
        "line 5: conversation '0' begins anew after others (dialogue_id)",
        "Give every conversation an id of its own",
    ),
    (TWICE, "line 4: utterance '1' of conversation '4' is there twice", "Remove the one that is wrong"),
    ("turn,text\n1,a\n2,b\n1,c\n", "line 4: utterance '1' is there twice", "Add a column dialogue_id"),
    ("turn,text,tape\n1,a,x\n2,b,x\n1,c,y\n", "line 4: utterance '1' is there twice", "--dialogue-column tape"),
    ("id,text\n1,a\n1,b\n2,c\n", "line 3: utterance '1' is there twice (id)", "--dialogue-column id takes it"),
    ("Season,Episode,text\n1,1,a\n2,1,b\n2,2,c\n", "line 3: the one conversation", "--dialogue-column Season,Episode"),
    ("chat,session,text\n1,1,a\n1,2,b\n", "line 3: conversation '1' has turns of session", "session,chat tells"),
]


@pytest.mark.parametrize(("content", "told", "hint"), REFUSED)
def test_what_begins_anew_is_refused_with_the_columns_that_tell_apart(read, content, told, hint):
    with pytest.raises(ErcBenchError) as caught:
        read("a.csv", content)
    assert told in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("content", "columns", "sizes"),
    [
        (SPLITS, Columns(("split,dialogue_id",)), [2, 1, 2]),
        (SPLITS, Columns(("split", "dialogue_id")), [2, 1, 2]),
        (SPLITS, Columns(("dialogue_id",)), [4, 1]),
        (SPLITS, Columns(("none",)), [5]),
        (UNKNOWN, Columns(("where", "dialogue_id")), [2, 2]),
        (UNKNOWN, Columns(utterance="none"), [4]),
        (AGAIN, Columns(("dialogue_id",)), [3, 1]),
        (TWICE, Columns(utterance="none"), [3]),
    ],
)
def test_the_remedies_that_errors_name_are_remedies(read, content, columns, sizes):
    document = read("a.csv", content, columns)
    assert [len(each.turns) for each in document.conversations] == sizes


def test_a_column_whose_name_has_a_comma_can_be_named(read):
    assert len(read("a.csv", '"a,b",text\n1,x\n2,y\n', Columns(("a,b",))).conversations) == 2


@pytest.mark.parametrize("name", ["dialog_id", "Dialog ID", "conv_id", "chat", "thread-id", "ConversationId", "dia_no"])
def test_ids_under_near_names_are_ids(read, name, turns):
    rows = [("a", "Ann", "Hi"), ("b", "Bob", "Go")]
    lines = "".join(f'{{"{name}": "{chat}", "author": "{who}", "message": "{said}"}}\n' for chat, who, said in rows)
    table = f"{name},from,msg\n" + "".join(f"{','.join(row)}\n" for row in rows)
    for document in (read("a.jsonl", lines), read("a.csv", table)):
        assert turns(document) == [[("Ann", "Hi")], [("Bob", "Go")]]
        assert document.notes == ()


def test_every_field_that_is_not_understood_is_named(read):
    told = read("a.csv", "text,gruppe,wer,emotion\nhi,1,x,joy\nyo,2,y,joy\n").notes
    assert told == (
        "not read: gruppe, wer; no field names the conversation: all 2 turns are one (--dialogue-column NAME)",
        "no turn names a speaker (--speaker-column NAME)",
    )
    nested = '[{"id": 1, "topic": "t", "turns": [{"text": "a", "wer": "x"}, {"text": "b", "speaker": "y"}]}]'
    assert read("a.json", nested).notes[0] == "not read: topic, wer"
    assert read("a.csv", "speaker,speaker_id,text\nAnn,1,hi\n").notes == ("not read: speaker_id",)


ROWS = ((1, "hi", "x"), (2, "yo", "y"))


def test_columns_that_the_user_names_are_read(read, turns):
    columns = Columns(("gruppe",), "wer", "satz")
    table = "satz,gruppe,wer,speaker\nhi,1,x,n\nyo,2,y,n\n"
    lines = '{"satz": "hi", "gruppe": 1, "wer": "x"}\n{"satz": "yo", "gruppe": 2, "wer": "y"}\n'
    one, two = (f'{{"gruppe": {n}, "turns": [{{"satz": "{said}", "wer": "{who}"}}]}}' for n, said, who in ROWS)
    for name, content in (("a.csv", table), ("a.jsonl", lines), ("a.json", f"[{one}, {two}]")):
        document = read(name, content, columns)
        assert turns(document) == [[("x", "hi")], [("y", "yo")]]
        assert [each.id for each in document.conversations] == ["1", "2"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (Columns(("grupe",)), "there is no 'grupe' for --dialogue-column; did you mean gruppe?"),
        (Columns(speaker="wr"), "there is no 'wr' for --speaker-column; did you mean wer?"),
        (Columns(text="tex"), "there is no 'tex' for --text-column; did you mean text?"),
        (Columns(utterance="no"), "there is no 'no' for --utterance-column"),
    ],
)
def test_a_column_that_is_not_there_is_an_error(read, columns, told):
    with pytest.raises(ErcBenchError, match="there is no") as caught:
        read("a.csv", "text,gruppe,wer\nhi,1,x\n", columns)
    assert told in caught.value.message


def test_plain_text_has_no_columns(read):
    with pytest.raises(ErcBenchError, match="is read as text, which has no columns to name"):
        read("a.txt", "Ann: hi", Columns(speaker="Ann"))


@pytest.mark.parametrize("rows", list(itertools.permutations((0, 1, 2)))[1:])
def test_rows_out_of_order_are_read_in_order_and_stand_as_they_stood(read, rows):
    said = ("first", "second", "third")
    document = read("a.csv", "turn,speaker,text\n" + "".join(f"{row + 3},Ann,{said[row]}\n" for row in rows))
    assert [turn.text for turn in document.conversations[0].turns] == list(said)
    assert [turn.text for _, turn, _ in document.in_order()] == [said[row] for row in rows]
    assert document.notes == ("the turns of 1 conversation are not in the order of turn: read in that order",)


def test_names_of_messages_in_no_order_do_not_move_turns(read):
    document = read("a.csv", "message_id,text\n88321123,one\n12,two\n9988441,three\n")
    assert [turn.text for turn in document.conversations[0].turns] == ["one", "two", "three"]


def test_turns_of_several_conversations_may_stand_between_each_other_and_it_is_said(read, turns):
    document = read("a.csv", "chat,text\nx,one\ny,two\nx,three\ny,four\n")
    assert turns(document) == [[("", "one"), ("", "three")], [("", "two"), ("", "four")]]
    note, _ = document.notes
    assert note.startswith("the turns of 2 conversations do not stand together ('x' goes on at line 4)")


TIMES = [
    ("2024-01-01 10:05", "2024-01-01 10:00"),
    ("1700000300", "1699999999.5"),
    ("00:01:05,000", "00:00:59,900"),
]


@pytest.mark.parametrize("times", TIMES)
def test_times_that_fall_are_told_and_put_turns_in_order_where_that_is_asked_for(read, times):
    table = 'timestamp,speaker,text\n"{}",Ann,late\n"{}",Bob,early\n'.format(*times)
    document = read("a.csv", table)
    assert [turn.text for turn in document.conversations[0].turns] == ["late", "early"]
    assert document.notes[-1].startswith("timestamp falls within 1 conversation: the turns are read as they stand")
    asked = read("a.csv", table, Columns(utterance="timestamp"))
    assert [turn.text for turn in asked.conversations[0].turns] == ["early", "late"]


def test_two_turns_may_have_one_time(read):
    table = "timestamp,speaker,text\n10:00,Ann,a\n10:00,Bob,b\n"
    assert read("a.csv", table).notes == ()
    assert len(read("a.csv", table, Columns(utterance="timestamp")).order) == 2


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("dialogue_id,speaker,text\n,A,a\n,B,b\n", "dialogue_id is empty throughout: all 2 turns are one conversation"),
        ("turn,speaker,text\n2,A,a\n,B,b\n1,B,c\n", "1 turn has no turn: read as they stand"),
    ],
)
def test_cells_that_are_empty_are_told(read, content, note):
    document = read("a.csv", content)
    assert document.notes == (note,)
    assert [turn.text for turn in document.conversations[0].turns] == sorted(
        turn.text for _, turn, _ in document.in_order()
    )


def test_the_recording_of_an_utterance_is_no_file_of_conversations(read):
    content = "dialogue_id,filename,speaker,text\n1,x_{}.wav,A,a\n1,x_{}.wav,B,b\n1,x_3.wav,B,c\n"
    assert len(read("a.csv", content.format(1, 2)).conversations) == 1
    with pytest.raises(ErcBenchError, match="has turns of filename"):
        read("a.csv", content.format(1, 1))


def test_ids_that_became_floats_are_numbers(read):
    lines = '{"chat": 1.0, "speaker": 2.0, "text": "a"}\n{"chat": 1, "speaker": 2, "text": "b"}\n'
    (conversation,) = read("a.jsonl", lines).conversations
    assert (conversation.id, {turn.speaker for turn in conversation.turns}) == ("1", {"2"})


def test_numbers_for_a_text_are_told(read):
    assert "(utterance) holds nothing but numbers" in " ".join(read("a.csv", "utterance,words\n1,hi\n2,yo\n").notes)
