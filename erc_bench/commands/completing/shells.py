"""The scripts for bash, zsh and fish: click's, with additions for ``--set slot.option=value``."""

from __future__ import annotations

import os
import re

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

PROGRAM = "erc-bench"
VARIABLE = "_ERC_BENCH_COMPLETE"
"""Set by the scripts: which shell asks, and whether for its script or for completions."""
SHELLS = ("bash", "zsh", "fish")

# After an address its value is still to come, so no space is wanted.
_BASH_PLAIN = "COMPREPLY+=($value)"
_BASH_GOES_ON = """COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace"""
_ZSH_PLAIN = """\
        if [[ "$type" == "plain" ]]; then
"""
_ZSH_GOES_ON = """\
        if [[ "$type" == "plain" && "$key" == *= ]]; then
            compadd -U -S '' -V unsorted -- "$key"
        elif [[ "$type" == "plain" ]]; then
"""
_BREAKS = re.compile(r"[=:]+")
"""Signs that bash treats as words of their own (``COMP_WORDBREAKS``)."""


class Bash(BashComplete):
    """Bash, which tears words apart at ``=`` and ``:``, and wants only the text after them."""

    source_template = BashComplete.source_template.replace(_BASH_PLAIN, _BASH_GOES_ON)

    def get_completion_args(self) -> tuple[list[str], str]:
        """Put the words together again; keep the text before the part that bash completes."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        current = int(os.environ["COMP_CWORD"])
        last = words[current] if current < len(words) else ""
        joined = _joined([*words[1:current], last])
        incomplete = joined.pop()
        self._before = incomplete if _BREAKS.fullmatch(last) else incomplete.removesuffix(last)
        return joined, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Write type and value, without the text that bash has already."""
        return f"{item.type},{item.value.removeprefix(self._before)}"


def _joined(words: list[str]) -> list[str]:
    joined: list[str] = []
    glued = False
    for position, word in enumerate(words):
        breaks = _BREAKS.fullmatch(word) is not None
        # The word behind a break belongs to it, also where it is empty because nothing is typed yet.
        if joined and (breaks or glued):
            joined[-1] += word
        else:
            joined.append(word)
        glued = breaks and position < len(words) - 1
    return joined


class Zsh(ZshComplete):
    """Zsh, which adds a space unless it is told not to."""

    source_template = ZshComplete.source_template.replace(_ZSH_PLAIN, _ZSH_GOES_ON)


# Fish adds no space behind = by itself.
_CLASSES: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": FishComplete}


def add_shells() -> None:
    """Let click use these in the place of its own."""
    for name, shell in _CLASSES.items():
        add_completion_class(shell, name)


def script_for(shell: str) -> str:
    """Return the script that a shell reads to complete the words of this program."""
    from click import Command

    return _CLASSES[shell](Command(PROGRAM), {}, PROGRAM, VARIABLE).source()
