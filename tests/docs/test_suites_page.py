"""The page about suites names all that may stand in one."""

import re
import tomllib
from pathlib import Path

from erc_bench.planning.suites import reading

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def keys_of(section):
    """Return the names in the first column of the table of a section."""
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_key_of_a_suite_is_explained():
    own = set(reading._KEYS) - {"axes", "method", "table", reading.CHOICES, *reading.SLOTS}
    assert keys_of(section("What runs")) == own
    assert keys_of(section("Tables")) == set(reading.FIELDS)


def test_how_settings_are_written_names_every_slot():
    said = section("How settings are written")
    for name in (*(f"`{slot}`" for slot in reading.SLOTS), "`[choices]`", "`[axes]`", "`[method.NAME]`"):
        assert name in said, name


def test_the_last_example_has_every_key_outside_of_tables():
    content = tomllib.loads(re.search(r'```toml title="everything.toml"\n(.*?)```', PAGE, re.DOTALL)[1])
    assert set(reading._KEYS) - set(reading.SLOTS) - {"settings", "features"} == content.keys() - {"encoder"}
