"""A component's digest follows what its code does, wherever it stands, and nothing else."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from erc_bench.plugin_host.code_digests import code_digests, modules

ROOT = Path(__file__).parents[3]
PACKAGE = {
    "__init__.py": "",
    "own.py": '''
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING
import torch
import erc_bench.api as erc
from digested.shared import scale, TABLE
from digested import inner
if TYPE_CHECKING:
    from collections.abc import Sequence

class Own(erc.Objective):
    """Draw things together."""

    name = "own"
    source = "somebody 2020"

    @dataclass(frozen=True)
    class Options:
        weight: float = erc.option(0.5, "How much it counts.", at_least=0)

    weights: torch.Tensor

    def loss(self, outputs: erc.Outputs) -> dict[str, torch.Tensor]:
        from digested.late import shift
        value: float = scale(outputs.z) * self.options.weight + shift(TABLE["a"])
        if value < 0:
            raise ValueError(f"negative: {value!r}")
        return {"own": value + inner.deeper.power(2)}

class Other(erc.Objective):
    def loss(self, outputs):
        return {"other": outputs.cross_entropy()}

def recipe():
    return erc.Method("own", source="somebody", summary="A recipe.")

@erc.hookimpl
def erc_objectives():
    return [Own, Other]

@erc.hookimpl
def erc_methods():
    return [recipe()]
''',
    "shared.py": """
TABLE = {"a": 1}
FACTOR = 2.0
def scale(z):
    return _twice(z) * FACTOR
def _twice(z):
    return z * 2
def unused(z):
    return z
""",
    "late.py": "def shift(x):\n    return x + 1\n",
    "inner/__init__.py": "from digested.inner import deeper\n",
    "inner/deeper.py": "def power(x):\n    return x ** 2\n",
    "aside.py": "VALUE = 1\n",
}


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Give the digest of ``digested.own.Own`` with some files changed, as a new process would find it."""
    calls = iter(range(1000))

    def of(changed=None, moved=()):
        folder = tmp_path / str(next(calls))
        files = {**PACKAGE, **(changed or {})}
        for old in moved:
            files.pop(old)
        for name, text in files.items():
            file = folder / "digested" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for name in [name for name in sys.modules if name.partition(".")[0] == "digested"]:
            monkeypatch.delitem(sys.modules, name)
        with monkeypatch.context() as context:
            context.syspath_prepend(folder)
            modules._read.cache_clear()
            component = importlib.import_module("digested.own").Own
            return code_digests({"objective": component})["objective"]

    yield of
    modules._read.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "digested"]:
        del sys.modules[name]


def replaced(file, old, new):
    assert PACKAGE[file].count(old) == 1
    return {file: PACKAGE[file].replace(old, new)}


SAME = {
    "a comment": replaced("own.py", '    name = "own"', '    # what tables call it\n    name = "own"'),
    "a docstring": replaced("own.py", '"""Draw things together."""', '"""Pull them closer."""'),
    "no docstring": replaced("own.py", '    """Draw things together."""\n', ""),
    "formatting": replaced(
        "shared.py", "return _twice(z) * FACTOR", "return (\n        _twice(z)\n        * FACTOR\n    )"
    ),
    "quotes": replaced("own.py", 'TABLE["a"]', "TABLE['a']"),
    "an annotation of a function": replaced("own.py", "outputs: erc.Outputs) -> dict[str, torch.Tensor]", "outputs)"),
    "an annotation of a local name": replaced("own.py", "value: float =", "value ="),
    "a declared tensor": replaced("own.py", "    weights: torch.Tensor\n", ""),
    "an import for type checkers": replaced("own.py", "import Sequence", "import Mapping, Sequence"),
    "an unused import": replaced("own.py", "import torch\n", "import torch\nimport math\n"),
    "where it departs from its source": replaced(
        "own.py",
        'source = "somebody 2020"',
        'source = "somebody 2020"\n    departures = ("A mean in place of the sum.",)',
    ),
    "a citation": replaced("own.py", "somebody 2020", "somebody else 2021"),
    "a message of an error": replaced("own.py", "negative: {value!r}", "{value} is below 0"),
    "the sentence of an option": replaced("own.py", "How much it counts.", "Its weight."),
    "a recipe": replaced("own.py", "A recipe.", "Another summary."),
    "another component of the file": replaced("own.py", '{"other": ', '{"another": '),
    "a module that it does not import": {"aside.py": "VALUE = 2\n"},
    "the order of definitions": {
        "shared.py": 'FACTOR = 2.0\ndef _twice(z):\n    return z * 2\nTABLE = {"a": 1}\n'
        "def unused(z):\n    return z\ndef scale(z):\n    return _twice(z) * FACTOR\n"
    },
    "the order of imports": {
        "own.py": PACKAGE["own.py"].replace(
            "from digested.shared import scale, TABLE\nfrom digested import inner\n",
            "from digested import inner\nfrom digested.shared import scale, TABLE\n",
        )
    },
    "the name of a helper": {"shared.py": PACKAGE["shared.py"].replace("_twice", "_doubled")},
    "the alias of a module": {
        "own.py": PACKAGE["own.py"].replace("api as erc", "api as bench").replace("erc.", "bench.")
    },
}
CHANGED = {
    "a function that only a registry could find": replaced("shared.py", "    return z\n", "    return z * 3\n"),
    "a star behind a star": {
        "own.py": PACKAGE["own.py"].replace("from digested.shared import scale, TABLE", "from digested.stars import *"),
        "stars.py": "from digested.shared import *\n",
        "shared.py": PACKAGE["shared.py"].replace("FACTOR = 2.0", "FACTOR = 3.0"),
    },
    "what stands in for an import": replaced(
        "shared.py",
        "FACTOR = 2.0",
        "try:\n    from nowhere import FACTOR\nexcept ImportError:\n    FACTOR = 3.0",
    ),
    "an argument of an error": replaced(
        "own.py", 'raise ValueError(f"negative: {value!r}")', "raise ValueError(value)"
    ),
    "a number": replaced("shared.py", "FACTOR = 2.0", "FACTOR = 3.0"),
    "an operator": replaced("own.py", "* self.options.weight", "/ self.options.weight"),
    "a helper of a helper": replaced("shared.py", "return z * 2", "return z * 4"),
    "a table": replaced("shared.py", '{"a": 1}', '{"a": 2}'),
    "what a function imports": {"late.py": "def shift(x):\n    return x + 2\n"},
    "a module behind a package": {"inner/deeper.py": "def power(x):\n    return x ** 3\n"},
    "an option's default": replaced("own.py", "erc.option(0.5", "erc.option(0.6"),
    "an option's type": replaced("own.py", "weight: float", "weight: int"),
    "an option's bound": replaced("own.py", "at_least=0", "at_least=1"),
    "a condition": replaced("own.py", "value < 0", "value <= 0"),
    "another kind of error": replaced("own.py", "raise ValueError", "raise KeyError"),
    "what is called": replaced("own.py", '{"own": value', '{"own": abs(value)'),
    "what a module does when it is imported": {"late.py": PACKAGE["late.py"] + "import torch\ntorch.manual_seed(3)\n"},
    "a value that is changed afterwards": {"shared.py": PACKAGE["shared.py"] + 'TABLE["a"] = 5\n'},
    "another base class": replaced("own.py", "class Own(erc.Objective)", "class Own(erc.Objective, dict)"),
    "a decorator": replaced("shared.py", "def scale", "import functools\n@functools.cache\ndef scale"),
}


@pytest.mark.parametrize("change", SAME)
def test_what_has_no_meaning_changes_nothing(digest, change):
    assert digest(SAME[change]) == digest()


@pytest.mark.parametrize("change", CHANGED)
def test_what_has_a_meaning_changes_the_digest(digest, change):
    assert digest(CHANGED[change]) != digest()


def own(returned, before="", within=""):
    """Return the source of a component whose loss returns something."""
    return (
        f"import erc_bench.api as erc\n{before}\nclass Own(erc.Objective):\n{within}"
        f"    def loss(self, outputs):\n        return {returned}\n"
    )


STAR = {"stars.py": "from digested.late import *\n"}
PAIRS = {
    "stars": (
        {**STAR, "own.py": own("g()", "from digested.stars import g")},
        {"late.py": "def g():\n    return NUMBER\n"},
    ),
    "a base class behind a star": (
        {**STAR, "own.py": "from digested.stars import Base\nclass Own(Base):\n    pass\n"},
        {"late.py": "class Base:\n    value = NUMBER\n"},
    ),
    "a name that is imported and then bound": (
        {},
        {"own.py": own("sqrt(2)", "from math import sqrt\nsqrt = lambda x: x ** NUMBER\n")},
    ),
    "a fallback": (
        {},
        {"own.py": own("g()", "try:\n    from nowhere import g\nexcept ImportError:\n    g = lambda: NUMBER\n")},
    ),
    "one of two imports": (
        {
            "own.py": own(
                "g()",
                "try:\n    from digested.late import g\nexcept ImportError:\n    from digested.aside import g\n",
            ),
            "aside.py": "def g():\n    return 0\n",
        },
        {"late.py": "def g():\n    return NUMBER\n"},
    ),
    "a name that a lambda binds as well": (
        {},
        {"own.py": own("(lambda scale: scale)(1) * scale", "scale = NUMBER\n")},
    ),
    "a registry": (
        {},
        {
            "own.py": own(
                "T['h']()",
                "T = {}\ndef keep(f):\n    T[f.__name__] = f\n@keep\ndef h():\n    return NUMBER\n",
            )
        },
    ),
    "a class that says it is elsewhere's": (
        {"__init__.py": "from digested.own import Own\n"},
        {"own.py": own("{}", within="    __module__ = 'digested'\n    value = NUMBER\n")},
    ),
    "the argument of a factory": (
        {"late.py": "def make(number):\n    class Own:\n        value = number\n    return Own\n"},
        {"own.py": "from digested.late import make\nOwn = make(NUMBER)\n"},
    ),
    "a file in a folder": (
        {"own.py": own("{}", "from pathlib import Path\nP = Path(__file__).parent / 'data' / 'x.json'\n")},
        {"data/x.json": "NUMBER"},
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_reached_in_roundabout_ways_counts(digest, pair):
    shared, changing = PAIRS[pair]
    one, two = ({name: text.replace("NUMBER", number) for name, text in changing.items()} for number in "12")
    assert digest({**shared, **one}) == digest({**shared, **one}) != digest({**shared, **two})


def test_a_module_may_move(digest):
    text = (
        PACKAGE["own.py"]
        .replace("digested.shared", "digested.tools.scaling")
        .replace("digested.late", "digested.later")
    )
    moved = {
        "own.py": text,
        "tools/__init__.py": "",
        "tools/scaling.py": PACKAGE["shared.py"],
        "later.py": PACKAGE["late.py"],
    }
    assert digest(moved, moved=("shared.py", "late.py")) == digest()
    assert digest({**moved, "later.py": "def shift(x):\n    return x\n"}, moved=("shared.py", "late.py")) != digest()


def test_what_a_class_is_built_from_belongs_to_it_whatever_package_it_is_of(digest, tmp_path, monkeypatch):
    foreign = tmp_path / "foreign" / "foreign_base.py"
    foreign.parent.mkdir()
    monkeypatch.syspath_prepend(foreign.parent)
    own = {"own.py": "from foreign_base import Base\nclass Own(Base):\n    pass\n"}
    found = []
    for value in (1, 2):
        foreign.write_text(f"class Base:\n    value = {value}\n")
        monkeypatch.delitem(sys.modules, "foreign_base", raising=False)
        importlib.invalidate_caches()
        shutil.rmtree(foreign.parent / "__pycache__", ignore_errors=True)
        found.append(digest(own))
    monkeypatch.delitem(sys.modules, "foreign_base")
    assert found[0] != found[1]


def test_a_file_beside_it_that_it_reads_belongs_to_it(digest):
    reads = {
        "own.py": PACKAGE["own.py"] + '\nfrom pathlib import Path\nWORDS = Path(__file__).with_name("words.txt")\n'
    }
    before = digest({**reads, "words.txt": "one"})
    assert digest({**reads, "words.txt": "two"}) != before
    assert digest({**reads, "words.txt": "one", "other.txt": "two"}) == before


def test_the_class_of_a_function_is_all_of_the_function(digest):
    made = "def make(value):\n    class Own:\n        number = value{}\n    return Own\nOwn = make(1)\n"
    assert digest({"own.py": made.format("")}) != digest({"own.py": made.format(" + 1")})


def test_a_circle_of_imports_comes_to_an_end(digest):
    circle = {"late.py": "import digested.own\n" + PACKAGE["late.py"], "aside.py": "from digested import late\n"}
    assert digest(circle)


def test_names_that_modules_import_from_each_other_come_to_an_end(digest):
    circle = {
        "late.py": "try:\n    from digested.aside import shift\nexcept ImportError:\n    shift = abs\n",
        "aside.py": "try:\n    from digested.late import shift\nexcept ImportError:\n    shift = abs\n",
    }
    assert digest(circle)


def test_a_module_that_is_no_python_counts_as_it_is_written(digest):
    caught = {"own.py": own("{}", "try:\n    import digested.broken\nexcept SyntaxError:\n    pass\n")}
    one, two = ({**caught, "broken.py": f"def __file__ {number} ("} for number in "12")
    assert digest(one) == digest(one) != digest(two)


def test_effects_count_in_any_order_of_imports(digest):
    effects = {
        "shared.py": PACKAGE["shared.py"] + "print()\n",
        "inner/__init__.py": "print(1)\n" + PACKAGE["inner/__init__.py"],
    }
    assert digest({**effects, **SAME["the order of imports"]}) == digest(effects) != digest()


PLUGIN = "erc_bench_plugin_own_0123456789ab"
BESIDE = {
    "helper_of_own.py": "from second_of_own import VALUE\n",
    "second_of_own.py": "VALUE = 1\n",
    "inner_of_own/__init__.py": "",
    "inner_of_own/late.py": "from . import beside\nx = beside.y\n",
    "inner_of_own/beside.py": "y = 1\n",
}
FILE = (
    "import json\nimport helper_of_own\nclass Own:\n    def f(self):\n        from inner_of_own.late import x\n"
    "        return x + helper_of_own.VALUE\n"
)


@pytest.mark.parametrize("changed", ["second_of_own.py", "inner_of_own/beside.py", None])
@pytest.mark.parametrize("name", [PLUGIN, "__mp_main__"], ids=["plugin", "script"])
def test_what_a_plugin_file_uses_of_its_folder_belongs_to_it(tmp_path, monkeypatch, name, changed):
    def digest_of(files):
        for file, text in {**files, "own.py": FILE}.items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(text)
        modules._read.cache_clear()
        for each in ("helper_of_own", "second_of_own", "inner_of_own", "inner_of_own.late", "inner_of_own.beside"):
            monkeypatch.delitem(sys.modules, each, raising=False)
        specification = importlib.util.spec_from_file_location(name, tmp_path / "own.py")
        module = importlib.util.module_from_spec(specification)
        monkeypatch.setitem(sys.modules, name, module)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        specification.loader.exec_module(module)
        return code_digests({"objective": module.Own})["objective"]

    monkeypatch.syspath_prepend(tmp_path)
    before = digest_of(BESIDE)
    # Of the standard library is what bears this name, whatever lies here; and nothing imports the other.
    extra = {"json.py": "VALUE = 1", "unasked.py": "VALUE = 1"} if changed is None else {changed: "VALUE = y = 2\n"}
    assert (digest_of({**BESIDE, **extra}) == before) == (changed is None)


def test_shipped_components_are_told_apart_and_found_without_loading_more():
    from erc_bench.plugin_host.catalogue import Catalogue

    catalogue = Catalogue()
    found = {}
    for kind in ("backbone", "encoder", "objective", "classifier"):
        for name, entry in catalogue.entries(kind).items():
            found[kind, name] = code_digests({"": entry.component})[""]
    assert len(set(found.values())) == len(found)


SYNTAX = '''
import os as system
from math import pi as π
CONSTANTS = (1, 1.5, 2j, b"x", "y", None, ..., True, -3)
class Own:
    """Text."""
    field: int = 1
    def f(self, a, /, b=2, *rest, c, d=4, **more):
        global CONSTANTS
        with open(a) as file, file: x = [y async for y in z if y]
        try: pass
        except* ValueError as error: raise
        match a:
            case {"k": [1, *_], **others} if others: return f"{a!r:>{b}} and {c=}"
            case Own(field=3) | None: del b
        return (w := {**more}), lambda q, *v, k=1: q @ π, a[1:2, ::3], system.sep, not a < b <= c
    async def g(self): await self; yield 1; assert self, "text"
'''
PROGRAM = f"""
import ast, hashlib, sys
sys.path.insert(0, {str(ROOT / "erc_bench" / "plugin_host" / "code_digests")!r})
from canonical import canonical
text = canonical(ast.parse({SYNTAX!r}).body, lambda name, attributes: None)
print(hashlib.sha256(text.encode()).hexdigest())
"""
EXPECTED = "7862fa0328d3ab98453a568f498dedafaeb809da54d69b66383d070a074e8653"
"""Written down so that every Python compares with the same text, whichever of them is at hand."""


def pythons():
    """Return the interpreters that may be here: that of the tests, and those of the same names on the path."""
    named = [shutil.which(f"python3.{minor}") for minor in (11, 12, 13)]
    homes = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.1[123]*/bin/python"))
    return list(
        dict.fromkeys([sys.executable, *(name for name in named if name and "shims" not in name), *map(str, homes)])
    )


@pytest.mark.parametrize("python", pythons())
def test_every_python_finds_the_same_text(python):
    done = subprocess.run([python, "-I", "-c", PROGRAM], capture_output=True, text=True, check=False)
    if done.returncode and python != sys.executable:
        pytest.skip(f"{python} does not run here: {done.stderr[-200:]}")
    assert done.stdout.strip() == EXPECTED, done.stderr


def test_the_written_digest_is_a_sha256():
    assert len(EXPECTED) == hashlib.sha256().digest_size * 2
