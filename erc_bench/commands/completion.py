"""``erc-bench completion``: the script with which a shell completes commands, options and names."""

from __future__ import annotations

import click

# Written out, so that --help imports nothing; a test holds them to what there is.
SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script with which SHELL completes commands, options and the names of what is installed.

    \b
    bash: erc-bench completion bash > ~/.local/share/bash-completion/completions/erc-bench
    zsh:  erc-bench completion zsh > ~/.zfunc/_erc-bench   (with fpath+=~/.zfunc before compinit)
    fish: erc-bench completion fish > ~/.config/fish/completions/erc-bench.fish

    Or for this shell alone: source <(erc-bench completion bash). The settings of components are kept in the
    cache; their first completion after an installation takes a few seconds.
    """  # noqa: D301 (click reads the character, not the two signs)
    from erc_bench.commands.completing.shells import script_for

    click.echo(script_for(shell))
