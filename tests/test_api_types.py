"""What a type checker knows of ``erc_bench.api``, whose names are resolved only when they are used."""

import ast
from pathlib import Path

from erc_bench import api


def test_every_name_is_imported_where_types_are_checked():
    """A name that is missing there is Any, and a class that a plugin derives from it is not checked at all."""
    stub = ast.parse(Path(api.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imported = {
        alias.asname: f"{statement.module}.{alias.name}"
        for statement in stub.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert len(imported) == sum(len(statement.names) for statement in stub.body)
    assert imported == {name: f"erc_bench.{home}.{name}" for name, home in api._HOME.items()}


def test_the_package_says_that_it_has_types():
    assert Path(api.__file__).with_name("py.typed").is_file()
