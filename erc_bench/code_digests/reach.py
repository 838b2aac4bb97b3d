"""What a component computes, followed through the names that its code uses.

From the class on, every name is looked up: what a followed module defines joins the text, under a number in place of
its name, so that a function may be renamed and moved to another module; what is imported from elsewhere is named.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from erc_bench.code_digests.canonical import canonical, imports_within
from erc_bench.code_digests.modules import Followed, ModuleSource, Target, add_imports, read_module

_DATA_FILES = 200
"""Names of files beside a module that are looked for at most."""


@cache
def meaning(component: type) -> str | None:
    """Return a text that changes with what a class of a file computes; ``None`` for a class that stands in no file."""
    try:
        file = inspect.getsourcefile(component)
    except (TypeError, OSError):  # typed into an interpreter, or built by a program
        return None
    if file is None or not Path(file).is_file():
        return None
    reach = _Reach(component)
    own = reach.module_of(component, Path(file).resolve())
    reach.start(own, component.__qualname__.partition(".")[0])
    return "\n".join(reach.texts())


class _Reach:
    def __init__(self, component: type) -> None:
        self._followed = Followed(component)
        self._numbers: dict[tuple[str, str], int] = {}
        self._left: list[tuple[ModuleSource, str]] = []
        self._visited: dict[str, ModuleSource] = {}

    def module_of(self, component: type, file: Path) -> ModuleSource:
        """Return the source of the module that a class stands in."""
        return read_module(component.__module__, file)

    def start(self, module: ModuleSource, name: str) -> None:
        self._visit(module)
        if name in module.definitions:
            self._number(module, name)
        else:
            # Made by a decorator or a function: nothing of the module can be left out.
            for each in module.definitions:
                self._number(module, each)

    def texts(self) -> Iterator[str]:
        """Yield the text of everything that is reached, in the order in which it is."""
        yield from self._definitions()
        told: set[str] = set()
        while left := [module for module in self._visited.values() if module.name not in told]:
            # By what they do: the order of imports is a matter of formatting.
            for module in sorted(left, key=_effects):
                told.add(module.name)
                if module.effects:
                    yield f"effects = {self._text(module, module.effects)}"
                yield from _data_files(module)
            yield from self._definitions()

    def _definitions(self) -> Iterator[str]:
        while self._left:
            module, name = self._left.pop(0)
            yield f"{self._numbers[module.name, name]} = {self._text(module, module.definitions[name], name)}"

    def _text(self, module: ModuleSource, statements: list[ast.stmt], name: str = "") -> str:
        # Imports within functions name things for these alone, and rarely another thing than the module does.
        scope = ModuleSource(module.name, module.file, b"", imports=dict(module.imports))
        for node in (found for statement in statements for found in imports_within(statement)):
            add_imports(node, scope)
        for target in scope.imports.values():
            self._import(target)

        def name_of(used: str, attributes: tuple[str, ...]) -> str | None:
            return self._resolved(module, scope.imports, used, attributes)

        return canonical(statements, name_of, name)

    def _resolved(
        self, module: ModuleSource, imports: dict[str, Target], used: str, attributes: tuple[str, ...]
    ) -> str | None:
        if used in imports:
            return self._imported(imports[used], attributes)
        if used in module.definitions:
            return self._with(self._number(module, used), attributes)
        for star in module.stars:
            source = self._followed.find(star)
            if source is not None and used in source.definitions:
                return self._with(self._number(source, used), attributes)
        return None

    def _imported(self, target: Target, attributes: tuple[str, ...], seen: frozenset[Target] = frozenset()) -> str:
        """Return what stands for an imported name, followed as far as it belongs to the component."""
        path = [*filter(None, [target.name]), *attributes]
        module = self._followed.find(target.module)
        place = target.module
        while module is not None and path:
            inner = self._followed.find(f"{place}.{path[0]}")
            if path[0] in module.definitions:
                return self._with(self._number(module, path[0]), path[1:])
            if inner is not None:
                place, module = f"{place}.{path.pop(0)}", inner
            elif path[0] in module.imports and target not in seen:
                return self._imported(module.imports[path[0]], tuple(path[1:]), seen | {target})
            else:
                break
        if module is None:
            return f"<{'.'.join([place, *path])}>"
        # The module as a whole, or a name in it that cannot be seen: all that it defines.
        numbers = [self._number(module, name) for name in sorted(module.definitions)]
        return f"<{','.join(numbers)}.{'.'.join(path)}>"

    def _with(self, number: str, attributes: tuple[str, ...] | list[str]) -> str:
        return f"<{'.'.join([number, *attributes])}>"

    def _number(self, module: ModuleSource, name: str) -> str:
        key = module.name, name
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            self._left.append((module, name))
            self._visit(module)
        return str(self._numbers[key])

    def _visit(self, module: ModuleSource) -> None:
        """Take note of a module that is imported, and of those that it imports: they may do something besides."""
        if module.name in self._visited:
            return
        self._visited[module.name] = module
        for target in module.imports.values():
            self._import(target)
        for star in module.stars:
            self._import(Target(star))

    def _import(self, target: Target) -> None:
        parts = target.module.split(".")
        names = [".".join(parts[: end + 1]) for end in range(len(parts))]
        for name in [*names, *([f"{target.module}.{target.name}"] if target.name else [])]:
            source = self._followed.find(name)
            if source is not None:
                self._visit(source)


def _effects(module: ModuleSource) -> str:
    return canonical(module.effects, lambda _name, _attributes: None)


def _data_files(module: ModuleSource) -> Iterator[str]:
    """Yield the digests of files beside a module that it names, where it knows its own place."""
    if b"__file__" not in module.text and b"importlib.resources" not in module.text:
        return
    tree = ast.parse(module.text)
    named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    plausible = sorted(name for name in named if 0 < len(name) < 200 and "\n" not in name and "\0" not in name)
    for name in plausible[:_DATA_FILES]:
        file = module.file.parent / name
        if file.is_file() and file.suffix != ".py" and file.resolve().is_relative_to(module.file.parent):
            yield f"file {name} = {hashlib.sha256(file.read_bytes()).hexdigest()}"
