"""A page that shows something else than what is printed is found out."""

import pytest

PRINTED = [" method    demo", " ce     *32.87±6.15*†", "", "Epoch selected by: dev.", "took 12.5 s"]


@pytest.mark.parametrize(
    "shown",
    [
        PRINTED,
        [line + "  " for line in PRINTED],
        [*PRINTED[:4], "took 3 s", ""],
        ["…"],
        [*PRINTED[:2], "…"],
        ["…", *PRINTED[3:]],
        [" method    …", *PRINTED[1:]],
    ],
)
def test_what_is_printed_may_be_shown_so(shown, shown_output):
    assert shown_output.agrees(shown, PRINTED)


@pytest.mark.parametrize(
    "shown",
    [
        [],
        PRINTED[:4],
        [*PRINTED, "more"],
        [PRINTED[0], " ce     *32.88±6.15*†", *PRINTED[2:]],
        [PRINTED[0], " ce     *32.87±6.15*", *PRINTED[2:]],
        ["…", "Epoch selected by: test.", "…"],
        [PRINTED[3], "…"],
    ],
)
def test_anything_else_is_not(shown, shown_output):
    assert not shown_output.agrees(shown, PRINTED)


def test_numbers_may_vary_and_words_may_not(shown_output):
    shown = [" method   demo", " ce     _7.1±0.25_", "", "Epoch selected by: dev.", "took 1 s"]
    assert shown_output.agrees(shown, PRINTED, numbers_vary=True)
    assert not shown_output.agrees([*shown[:3], "Epoch selected by: test.", shown[4]], PRINTED, numbers_vary=True)


def test_blocks_and_their_marks_are_read(page_blocks, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- numbers vary -->\n<!-- exits with 2 -->\n```console\n$ one \\\n    --two\nout\n$ three\n```\n\n"
        '```python title="a.py"\n1\n```\n\n<!-- not run: needs a GPU -->\n\n```console\n$ x\n```\n\n'
        "words\n\n```python\n2\n```\n"
    )
    console, file, marked, python = page_blocks.blocks(page)
    assert console.marks == {"numbers vary": "", "exits with": "2"}
    assert [(step.command, step.line, step.shown, step.first) for step in console.steps()] == [
        ("one --two", 4, ["out"], 6),
        ("three", 7, [], 0),
    ]
    assert (file.kind, file.title, marked.kind, python.kind) == ("file", "a.py", "not run", "python")
    assert python.marks == {}
