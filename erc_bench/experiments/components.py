"""What a program hands over in the place of names: classes and methods that no package brings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from erc_bench.contracts.component import Component, kind_of
from erc_bench.contracts.hookspecs import PROJECT, hookimpl
from erc_bench.contracts.method import Method
from erc_bench.errors import ErcBenchError
from erc_bench.planning.observers import ChosenObserver
from erc_bench.planning.plan import Plan
from erc_bench.planning.run_requests import Several
from erc_bench.plugin_host.catalogue import HOOK_OF_KIND, Catalogue
from erc_bench.plugin_host.plugin_files import PluginFile, add_plugin_files, load_plugin_file

PROGRAM = "this program"
"""What the package of a component is called that was handed over."""


class HandedOver:
    """Components and methods that were handed over; the names that stand for them; the catalogue with them."""

    def __init__(self, plugins: Several = ()) -> None:
        self._components: dict[str, list[Any]] = {kind: [] for kind in HOOK_OF_KIND}
        self._modules: list[ModuleType] = []
        self._files: list[PluginFile] = []
        self.take(plugins)

    @property
    def files(self) -> tuple[PluginFile, ...]:
        """The files that were loaded."""
        return tuple(self._files)

    def names(self, kind: str, things: Several) -> list[str]:
        """Return the names of what was asked for where a kind is wanted; take over what is no name.

        An objective or a system in the place of a method is the method that it alone makes.
        """
        return [self._name(kind, thing) for thing in several(things)]

    def take(self, things: Several) -> None:
        """Take over plugins: classes, methods, modules with hooks, and paths of Python files."""
        for thing in several(things):
            if isinstance(thing, (str, Path, PluginFile)):
                self._files.append(thing if isinstance(thing, PluginFile) else load_plugin_file(Path(thing)))
            elif isinstance(thing, ModuleType):
                self._modules.append(_with_hooks(thing))
            else:
                self._add(_kind_of(thing), thing)

    def value(self, slot: str, thing: Any) -> Any:
        """Return what a setting holds: the name of a class that fills a slot, a number of numpy as one of Python."""
        if isinstance(thing, type) and issubclass(thing, Component):
            return self._name(slot, thing)
        if isinstance(thing, Path):
            return str(thing)
        return thing.item() if hasattr(thing, "item") and not isinstance(thing, type) else thing

    def catalogue(self) -> Catalogue:
        """Return what is installed, and what was handed over.

        Raises :class:`ErcBenchError` for a component that has the name of an installed one.
        """
        catalogue = Catalogue()
        if self._files:
            add_plugin_files(catalogue, dict.fromkeys(self._files))
        for module in self._modules:
            catalogue.register(module, PROGRAM, required=True)
        self._check_names(catalogue)
        hooks = {
            HOOK_OF_KIND[kind]: hookimpl(lambda found=tuple(found): list(found))
            for kind, found in self._components.items()
            if found
        }
        if hooks:
            catalogue.register(SimpleNamespace(**hooks), PROGRAM)
        return catalogue

    def _check_names(self, catalogue: Catalogue) -> None:
        for kind, found in self._components.items():
            known = catalogue.entries(kind) if found else {}
            for component in found:
                other = known.get(component.name)
                if other is not None and other.component is not component:
                    raise ErcBenchError(
                        f"there is a {kind} {component.name!r} already, of {other.package}",
                        f'Give the one of {PROGRAM} a name of its own: name = "my-{component.name}".',
                    )

    def _name(self, kind: str, thing: Any) -> str:
        if isinstance(thing, (str, Path)):
            return str(thing)
        found = _kind_of(thing, kind)
        _check_named(thing)
        if kind == "method" and found in _ALONE_A_METHOD:
            self._add(found, thing)
            thing = _ALONE_A_METHOD[found](thing)
        elif kind != found:
            raise ErcBenchError(f"{_called(thing)} is no {kind}, but {_with_article(found)}", _where(kind, found))
        self._add(kind, thing)
        return str(thing.name)

    def _add(self, kind: str, thing: Any) -> None:
        _check_named(thing)
        if kind == "system":
            # Systems have no hook of their own: they come as methods.
            kind, thing = "method", _ALONE_A_METHOD[kind](thing)
        known = self._components[kind]
        if all(thing is not other and thing != other for other in known):
            known.append(thing)


_ALONE_A_METHOD: dict[str, Callable[[Any], Method]] = {
    "objective": lambda own: Method(own.name, own.source, own.summary(), {"objective": own.name}),
    "system": lambda own: Method(own.name, own.source, own.summary(), system=own),
}


def _with_hooks(module: ModuleType) -> ModuleType:
    if not any(hasattr(value, f"{PROJECT}_impl") for value in vars(module).values()):
        raise ErcBenchError(
            f"the module {module.__name__} has no hooks", "Hand over its classes and methods, or mark its hooks."
        )
    return module


def several(things: Any) -> Sequence[Any]:
    """Return what was asked for as a list, where one thing may stand alone."""
    if isinstance(things, (str, Path, type, Method, ModuleType)):
        return [things]
    try:
        return list(things)
    except TypeError:
        return [things]


def _kind_of(thing: Any, wanted: str = "method") -> str:
    """Return the kind of a component or a method; ``wanted`` is what stands in the remedy where it is neither."""
    if isinstance(thing, Method):
        return "method"
    if isinstance(thing, type) and kind_of(thing):
        return kind_of(thing)
    if isinstance(thing, Component):
        raise ErcBenchError(f"{_called(thing)} is an object", f"Hand over the class: {type(thing).__name__}.")
    raise ErcBenchError(
        f"{thing!r} is neither a name nor a component",
        "A method is an erc.Method, or a subclass of erc.Objective or erc.System."
        if wanted == "method"
        else f"{_with_article(wanted).capitalize()} is a name, or a subclass of erc.{wanted.capitalize()}.",
    )


def _check_named(thing: Any) -> None:
    if not thing.name:
        raise ErcBenchError(f"{_called(thing)} has no name", 'Give it one: name = "..."')
    if _kind_of(thing) == "observer" and "<locals>" in thing.__qualname__:
        raise ErcBenchError(
            f"{_called(thing)} stands within a function, where a run cannot find it", "Move it to the top."
        )


def _called(thing: Any) -> str:
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    return f"the method {thing.name!r}" if isinstance(thing, Method) else f"this {type(thing).__name__}"


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _where(kind: str, found: str) -> str:
    if kind == "method":
        return f"A method names it: erc.Method(..., choices={{{found!r}: ...}}), with plugins=[the class]."
    return f"It may stand among plugins, where every {found} may."


def check_importable(plans: Iterable[Plan], observers: Iterable[ChosenObserver] = ()) -> None:
    """Raise :class:`ErcBenchError` for cells of classes that another process could not find.

    A class that was typed into a notebook exists in that process alone: cells are handed over by the names of
    their classes, which the other one imports.
    """
    classes: list[type] = [type(each.build()) for each in observers]
    for plan in plans:
        classes += [plan.dataset, *filter(None, [plan.backbone]), *plan.components.values(), *plan.readouts.values()]
    for component in dict.fromkeys(classes):
        if not _importable(component):
            raise ErcBenchError(
                f"the class {component.__name__} exists in this process alone, and several cannot share it: what"
                " was typed into a notebook or within a function cannot be imported",
                "Leave jobs=1 (and one device), or move the class to a file and say plugins=['my_file.py'].",
            )


def _importable(component: type) -> bool:
    module = sys.modules.get(component.__module__)
    # Another process runs a script again, under another name; there is nothing to run again of a notebook.
    if component.__module__ == "__main__" and not getattr(module, "__file__", None):
        return False
    found: Any = module
    for name in component.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is component
