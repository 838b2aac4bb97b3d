"""The scripts for bash, zsh and fish: click's, and what they lack for ``--set slot.option=value``."""

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

from erc_bench.commands.completing.parameters import NOSPACE

PROGRAM = "erc-bench"
VARIABLE = "_ERC_BENCH_COMPLETE"
"""Set by the scripts: which shell asks, and whether for its script or for completions."""
SHELLS = ("bash", "zsh", "fish")

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n'
    local response completion type value
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1")
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
            nospace) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH_PLAIN = """\
        if [[ "$type" == "plain" ]]; then
"""
_ZSH_NOSPACE = """\
        if [[ "$type" == "nospace" ]]; then
            compadd -U -S '' -V unsorted -- "$key"
        elif [[ "$type" == "plain" ]]; then
"""
_BREAKS = re.compile(r"[=:]+")
"""What bash takes for a word of its own (``COMP_WORDBREAKS``)."""


class Bash(BashComplete):
    """Bash, which tears words apart at ``=`` and ``:``, and wants what comes behind them alone."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Put the words together again; keep what stands before the part that bash completes."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        current = int(os.environ["COMP_CWORD"])
        last = words[current] if current < len(words) else ""
        joined = _joined([*words[1:current], last])
        incomplete = joined.pop()
        self._before = incomplete if _BREAKS.fullmatch(last) else incomplete.removesuffix(last)
        return joined, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Write type and value, without what bash has already."""
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

    source_template = ZshComplete.source_template.replace(_ZSH_PLAIN, _ZSH_NOSPACE)


class Fish(FishComplete):
    """Fish, which adds no space behind ``=`` by itself."""

    def format_completion(self, item: CompletionItem) -> str:
        """Write what needs no space as any other."""
        if item.type == NOSPACE:
            item = CompletionItem(item.value, "plain", item.help)
        return super().format_completion(item)


_CLASSES: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def add_shells() -> None:
    """Let click use these in the place of its own."""
    for name, shell in _CLASSES.items():
        add_completion_class(shell, name)


def script_for(shell: str) -> str:
    """Return the script that a shell reads to complete the words of this program."""
    from click import Command

    return _CLASSES[shell](Command(PROGRAM), {}, PROGRAM, VARIABLE).source()
