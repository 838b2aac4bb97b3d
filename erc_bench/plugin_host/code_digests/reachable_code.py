"""The code that a component computes with, followed through the names that it uses.

From the class on, every name is looked up: definitions of followed modules join the text, under a number in place of
their name, so that a function may be renamed and moved to another module; imports from elsewhere are named.

Names can be reached in ways that no reading finds (a registry, a star, a name that is bound twice). Therefore the rest
of each imported module joins the text as well, except code that only hooks use: recipes and other components.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from types import CellType

from erc_bench.plugin_host.code_digests.canonical import canonical, imports_within
from erc_bench.plugin_host.code_digests.modules import Followed, ModuleSource, Target, add_imports, read_module

_HOOK = "hookimpl"
_LOOKS_BESIDE = (b"__file__", b"resources", b"get_data", b"__path__")
_MOST_FILES = 5000
"""Of a folder, that are looked at for those that a module names."""
_NO_MEANING = ("__module__", "__doc__", "__qualname__", "source", "departures")
_VALUES = (bool, int, float, complex, str, bytes, type(None), tuple)


@cache
def meaning(component: type) -> str | None:
    """Return a text that changes with the meaning of a class's code; ``None`` for a class that no file defines."""
    try:
        file = inspect.getsourcefile(component)
    except (TypeError, OSError):  # typed into an interpreter, or built by a program
        return None
    if file is None or not Path(file).is_file():
        return None
    reach = _Reach(Followed(component))
    reach.start(read_module(component.__module__, Path(file).resolve()), component.__qualname__.partition(".")[0])
    return "\n".join([*reach.texts(), *_enclosed(component)])


class _Reach:
    def __init__(self, followed: Followed) -> None:
        self._followed = followed
        self._numbers: dict[tuple[str, str], int] = {}
        self._left: list[tuple[ModuleSource, str]] = []
        self._visited: dict[str, ModuleSource] = {}

    def start(self, module: ModuleSource, name: str) -> None:
        """Begin with a name in a module; one that is defined elsewhere is found with the rest."""
        self._visit(module)
        if name in module.definitions:
            self._number(module, name)

    def texts(self) -> Iterator[str]:
        """Yield the text of everything that is reached, in the order in which it is, then of the rest."""
        yield from self._definitions()
        told: set[str] = set()
        while left := [module for module in self._visited.values() if module.name not in told]:
            told.update(module.name for module in left)
            # Sorted by their effects: the order of imports and definitions is a matter of formatting.
            for module in sorted(left, key=lambda each: _plain(each.effects)):
                if module.effects:
                    yield f"effects = {self._text(module, module.effects)}"
                yield from _data_files(module)
            rest = [(module, name) for module in left for name in self._rest(module)]
            for module, name in sorted(rest, key=lambda each: _plain(each[0].definitions[each[1]], each[1])):
                self._number(module, name)
            yield from self._definitions()

    def _rest(self, module: ModuleSource) -> list[str]:
        """Return the definitions of a module that were not reached, and that no hook reaches either."""
        hooks = [name for name, found in module.definitions.items() if any(map(_is_hook, found))]
        theirs = _Reach(self._followed)
        for name in hooks:
            theirs.start(module, name)
        for _ in theirs._definitions():
            pass
        known = self._numbers.keys() | theirs._numbers.keys()
        return [name for name in module.definitions if (module.name, name) not in known]

    def _definitions(self) -> Iterator[str]:
        while self._left:
            module, name = self._left.pop(0)
            yield f"{self._numbers[module.name, name]} = {self._text(module, module.definitions[name], name)}"

    def _text(self, module: ModuleSource, statements: list[ast.stmt], name: str = "") -> str:
        # Imports within functions name things for these alone, and rarely another thing than the module does.
        scope = ModuleSource(module.name, module.file, b"", imports=dict(module.imports))
        for node in (found for statement in statements for found in imports_within(statement)):
            add_imports(node, scope)
        for target in scope.imported:
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
        return None

    def _imported(self, target: Target, attributes: tuple[str, ...], seen: frozenset[Target] = frozenset()) -> str:
        """Return the replacement of an imported name, followed as far as it belongs to the component."""
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
        for target in module.imported:
            self._import(target)

    def _import(self, target: Target) -> None:
        parts = target.module.split(".")
        names = [".".join(parts[: end + 1]) for end in range(len(parts))]
        for name in [*names, *([f"{target.module}.{target.name}"] if target.name else [])]:
            source = self._followed.find(name)
            if source is not None:
                self._visit(source)


def _plain(statements: list[ast.stmt], name: str = "") -> str:
    return canonical(statements, lambda _name, _attributes: None, name)


def _is_hook(statement: ast.stmt) -> bool:
    """Whether a statement defines an implementation of a hook."""
    if not isinstance(statement, ast.FunctionDef):
        return False
    marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in statement.decorator_list]
    return any((mark.attr if isinstance(mark, ast.Attribute) else getattr(mark, "id", "")) == _HOOK for mark in marks)


def _enclosed(component: type) -> Iterator[str]:
    """Yield the arguments of the function that made a class: other arguments make another class."""
    if "<locals>" not in component.__qualname__:
        return
    for name, value in sorted(vars(component).items()):
        for cell in getattr(value, "__closure__", None) or ():
            yield f"{name}: {_shown(cell)}"
        if isinstance(value, _VALUES) and name not in _NO_MEANING:
            yield f"{name} = {value!r}"


def _shown(cell: CellType) -> str:
    try:
        value = cell.cell_contents
    except ValueError:  # it has no value yet
        return ""
    return repr(value) if isinstance(value, _VALUES) else type(value).__qualname__


def _data_files(module: ModuleSource) -> Iterator[str]:
    """Yield the digests of files below a module's folder that it names, where it looks for any there."""
    if not any(mark in module.text for mark in _LOOKS_BESIDE):
        return
    statements = [*module.effects, *(each for found in module.definitions.values() for each in found)]
    nodes = (node for statement in statements for node in ast.walk(statement))
    named = {node.value for node in nodes if isinstance(node, ast.Constant)}
    parts = {part for name in named if isinstance(name, str) for part in name.split("/")}
    below = islice(module.file.parent.rglob("*"), _MOST_FILES)
    for file in sorted(file for file in below if file.name in parts and file.suffix != ".py" and file.is_file()):
        yield f"file {file.name} = {hashlib.sha256(file.read_bytes()).hexdigest()}"
