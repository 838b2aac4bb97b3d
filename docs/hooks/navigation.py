"""Puts a page for every command into the navigation, in the order of ``erc-bench --help``."""

from mkdocs.config.defaults import MkDocsConfig

from erc_bench.cli import COMMANDS

_FOLDER = "reference/commands"


def on_config(config: MkDocsConfig) -> None:
    """Replace the one entry ``Commands`` by a section."""
    (reference,) = [entry["Reference"] for entry in config.nav or [] if "Reference" in entry]
    for entry in reference:
        if "Commands" in entry:
            entry["Commands"] = [f"{_FOLDER}/index.md", *({name: f"{_FOLDER}/{name}.md"} for name in COMMANDS)]
