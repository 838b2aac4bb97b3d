"""Write code as a text of its meaning, independent of its layout.

Comments, docstrings, formatting, the annotations of functions and imports that only type checkers read leave no trace;
neither do citations, messages of errors and the sentences that explain options. The same code gives the same text under
Python 3.11 to 3.13.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

NameOf = Callable[[str, tuple[str, ...]], str | None]
"""Map a global name and the attributes that follow it to their replacement; ``None`` leaves them."""

_POSITIONS = frozenset({"lineno", "col_offset", "end_lineno", "end_col_offset"})
_WITHOUT_MEANING = _POSITIONS | {"ctx", "kind", "type_comment", "type_ignores"}
_FIELD_CLASSES = frozenset({"NamedTuple", "TypedDict"})
"""Base classes that make fields of annotations, as decorators like ``dataclass`` do."""
_OPTION = "<erc_bench.api.option>"
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def canonical(statements: Iterable[ast.stmt], name_of: NameOf, own_name: str = "") -> str:
    """Return the text of statements at the top of a module; ``own_name`` is a name that is left out."""
    writer = _Writer(name_of, own_name)
    return "".join(piece for statement in statements for piece in writer.statement(statement, frozenset(), False))


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is a text that is only read: a docstring, or one behind an attribute."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_for_type_checkers(statement: ast.stmt) -> bool:
    """Whether a statement begins ``if TYPE_CHECKING:``."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    test = statement.test
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def imports_within(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports anywhere within a node."""
    return (inner for inner in ast.walk(node) if isinstance(inner, (ast.Import, ast.ImportFrom)))


def _is_citation(statement: ast.stmt) -> bool:
    """Whether a statement of a class says where it comes from, ``source = …``, or where it departs from that."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [getattr(target, "id", "") for target in targets] in (["source"], ["departures"])


def _is_text(node: ast.expr) -> bool:
    """Whether an expression is a text, formatted or not, or two that are joined."""
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) and _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


class _Writer:
    def __init__(self, name_of: NameOf, own_name: str) -> None:
        self._name_of = name_of
        self._own_name = own_name

    def statement(self, node: ast.stmt, bound: frozenset[str], fields: bool) -> Iterator[str]:
        """Yield the text of a statement; ``fields``: annotations there declare fields of a class."""
        if is_docstring(node) or is_for_type_checkers(node):
            return
        if isinstance(node, (ast.Pass, ast.Import, ast.ImportFrom)):
            return
        if isinstance(node, ast.AnnAssign) and not fields:
            if node.value is not None:
                yield from self.node(ast.Assign(targets=[node.target], value=node.value), bound)
        else:
            yield from self.node(node, bound)

    def node(self, node: ast.AST, bound: frozenset[str]) -> Iterator[str]:
        """Yield the text of any node; ``bound`` are the names that functions around it bind."""
        if isinstance(node, (ast.Name, ast.Attribute)) and (placed := self._placed(node, bound)) is not None:
            yield placed
        elif isinstance(node, ast.Constant):
            yield f"{type(node.value).__name__}:{node.value!r};"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from self._function(node, bound)
        elif isinstance(node, ast.ClassDef):
            yield from self._class(node, bound)
        elif isinstance(node, ast.Raise):
            yield from self._raise(node, bound)
        elif isinstance(node, ast.Call):
            yield from self._call(node, bound)
        else:
            yield from self._plain(node, bound)

    def _placed(self, node: ast.Name | ast.Attribute, bound: frozenset[str]) -> str | None:
        """Return the replacement of a name with its attributes, if there is one."""
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id in bound:
            return None
        return self._name_of(inner.id, tuple(attributes))

    def _function(self, node: Function, bound: frozenset[str]) -> Iterator[str]:
        inner = bound | _bound_in(node)
        yield f"{type(node).__name__}("
        if not isinstance(node, ast.Lambda):
            yield f"{self._named(node.name)}@"
            for decorator in node.decorator_list:
                yield from self.node(decorator, bound)
        arguments = node.args
        for kind in ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg"):
            given = getattr(arguments, kind)
            names = [argument.arg for argument in (given if isinstance(given, list) else [given] if given else [])]
            yield f"{kind}={names};" if names else ""
        for default in (*arguments.defaults, *arguments.kw_defaults):
            yield "=" if default is None else "".join(self.node(default, bound)) + "="
        yield ":"
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        for statement in body:
            yield from self._inner(statement, inner, fields=False)
        yield ")"

    def _class(self, node: ast.ClassDef, bound: frozenset[str]) -> Iterator[str]:
        bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
        fields = bool(node.decorator_list) or not _FIELD_CLASSES.isdisjoint(bases)
        yield f"ClassDef({self._named(node.name)}@"
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            yield from self.node(part, bound)
        yield ":"
        for statement in node.body:
            if not (node.bases and _is_citation(statement)):
                yield from self._inner(statement, bound, fields)
        yield ")"

    def _raise(self, node: ast.Raise, bound: frozenset[str]) -> Iterator[str]:
        # The class of the exception and its values count; the words of the message do not.
        yield "Raise("
        if isinstance(node.exc, ast.Call):
            yield from self.node(node.exc.func, bound)
            for part in (*node.exc.args, *(keyword.value for keyword in node.exc.keywords)):
                if not _is_text(part):
                    yield from self.node(part, bound)
        elif node.exc is not None:
            yield from self.node(node.exc, bound)
        yield ")"

    def _call(self, node: ast.Call, bound: frozenset[str]) -> Iterator[str]:
        called = "".join(self.node(node.func, bound))
        # An option's second argument is the sentence that explains it.
        given = node.args[:1] + node.args[2:] if called == _OPTION else node.args
        yield f"Call({called}:"
        for part in (*given, *node.keywords):
            yield from self.node(part, bound)
        yield ")"

    def _inner(self, node: ast.AST, bound: frozenset[str], fields: bool) -> Iterator[str]:
        if isinstance(node, ast.stmt):
            yield from self.statement(node, bound, fields)
        else:
            yield from self.node(node, bound)

    def _plain(self, node: ast.AST, bound: frozenset[str]) -> Iterator[str]:
        yield f"{type(node).__name__}("
        for name in sorted(set(node._fields) - _WITHOUT_MEANING):
            value = getattr(node, name, None)
            # Fields that a later Python adds to a node are empty where the code does not use them.
            if value is None or value == []:
                continue
            yield f"{name}="
            for item in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.JoinedStr) and getattr(item, "value", None) == "":
                    continue  # Python 3.12.1 puts an empty text behind a nested format
                if isinstance(item, ast.AST):
                    yield from self._inner(item, bound, fields=False)
                else:
                    yield f"{item!r};"
        yield ")"

    def _named(self, name: str) -> str:
        return "" if name == self._own_name else name


def _bound_in(function: Function) -> frozenset[str]:
    """Return the names that a function binds itself, without those that it declares global.

    Names bound by functions within it are counted as well: such a name is rarely a global one outside.
    """
    found: set[str] = set()
    global_names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            global_names.update(node.names)
        elif node is not function:
            found.add(_bound_by(node))
    return frozenset(found - global_names - {""})


def _bound_by(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return "" if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, ast.arg):
        return node.arg
    named = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler))
    return getattr(node, "name", None) or "" if named else ""
