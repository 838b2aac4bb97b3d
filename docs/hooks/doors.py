"""Functions that take what a request declares are shown with these keywords, and with the lines about them."""

import inspect
from importlib import import_module
from typing import Any

import griffe


class Doors(griffe.Extension):
    """Reads the signature and the docstring of such a function from the function itself."""

    def on_instance(self, *, obj: griffe.Object, **_context: Any) -> None:
        """Replace what stands in the source by what callers see."""
        if not isinstance(obj, griffe.Function):
            return
        if not any(str(decorator.value).startswith("door(") for decorator in obj.decorators):
            return
        seen = getattr(import_module(obj.module.path), obj.name)
        obj.parameters = griffe.Parameters(*map(_parameter, inspect.signature(seen).parameters.values()))
        obj.docstring = griffe.Docstring(inspect.getdoc(seen) or "", parent=obj)


def _parameter(seen: inspect.Parameter) -> griffe.Parameter:
    default = None if seen.default is inspect.Parameter.empty else repr(seen.default)
    kind = griffe.ParameterKind(seen.kind.description)
    return griffe.Parameter(seen.name, annotation=str(seen.annotation), kind=kind, default=default)
