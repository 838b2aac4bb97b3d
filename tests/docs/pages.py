"""What a page of the documentation asks to be run: its fenced blocks, and the marks above them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

REASONS = frozenset(
    {
        "installs erc-bench",
        "needs a cluster",
        "needs several machines",
        "needs a corpus",
        "needs a GPU",
        "needs the network",
        "opens a server",
        "takes minutes",
        "a shape, not code",
        "changes the shell",
    }
)
"""Why a block may stay unrun; nothing else is accepted."""

_MARK = re.compile(r"<!--\s*(not run|numbers vary|exits with|output)\s*(?::?\s*(.*?))?\s*-->")
_TITLE = re.compile(r'title="([^"]+)"')
RUN_LANGUAGES = {"console", "python"}


@dataclass
class Block:
    """A fenced block: what it is in, where it begins, and what the comments right above it say."""

    language: str
    title: str
    text: str
    line: int
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self):
        """One of: not run, file, formula, output, console, python, unknown."""
        if "not run" in self.marks:
            return "not run"
        if self.title:
            return "file"
        if self.language == "math":
            return "formula"
        if "output" in self.marks:
            return "output"
        return self.language if self.language in RUN_LANGUAGES else "unknown"

    def steps(self):
        """Split a console block into steps: a command, and the output that is shown for it."""
        steps = []
        for number, line in enumerate(self.text.splitlines(), self.line + 1):
            if line.startswith("$ "):
                steps.append(Step(line[2:], number))
                continue
            assert steps, f"line {number}: a console block begins with '$ ' and a command"
            if steps[-1].command.endswith("\\") and not steps[-1].shown:
                steps[-1].command = steps[-1].command[:-1] + line.strip()
            else:
                steps[-1].shown.append(line)
                steps[-1].first = steps[-1].first or number
        return steps


@dataclass
class Step:
    """A command with the line of the page where it begins, and its output from the line ``first`` on."""

    command: str
    line: int
    shown: list = field(default_factory=list)
    first: int = 0


def blocks(path: Path):
    """Return the fenced blocks of a page, in order."""
    found, marks = [], {}
    for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")):
        if token.type == "html_block":
            marks = marks | dict(_MARK.findall(token.content))
        elif token.type == "fence":
            language, _, rest = token.info.partition(" ")
            title = _TITLE.search(rest)
            found.append(Block(language, title[1] if title else "", token.content, token.map[0] + 1, marks))
            marks = {}
        elif token.nesting >= 0 and token.type != "inline":
            marks = {}
    return found
