"""Whether what a page shows is what the command printed."""

import re

_SECONDS = re.compile(r"\b\d+(?:\.\d+)? (?:s|ms|seconds|minutes|min)\b")
_FOLDER = re.compile(r"(?:/[\w.+-]+)*/erc-bench-docs-[\w-]+")
_HASH = re.compile(r"\b[0-9a-f]{12}\b")
_NUMBER = re.compile(r"(?<![^\W_])[-+]?(?:\d+\.\d+|\.\d+|\d+)(?![^\W_])")
_MARKS = re.compile(r"[†‡↓⇓]|(?<!\w)[*_](?=#)|(?<=#)[*_](?!\w)")


def normalised(line: str, numbers_vary: bool):
    """Return a line without what differs from one run to the next."""
    line = _FOLDER.sub("FOLDER", _SECONDS.sub("TIME", line.rstrip()))
    if not numbers_vary:
        return line
    line = _HASH.sub("HASH", line)
    line = _MARKS.sub("", _NUMBER.sub("#", line.replace("<.", "."))).replace("#±#", "#")
    return re.sub(r"─+", "─", re.sub(r"\s+", " ", line)).strip()


def agrees(shown, printed, numbers_vary=False):
    """Whether the lines shown are those printed; a line ``…`` stands for any lines, within a line for any text."""
    shown = [normalised(line, numbers_vary) for line in shown]
    printed = [normalised(line, numbers_vary) for line in printed]
    pattern = "".join(".*" if line == "…" else _line(line) for line in _trimmed(shown))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _trimmed(printed)), re.DOTALL) is not None


def _line(line):
    return "[^\n]*".join(map(re.escape, line.split("…"))) + "\n"


def _trimmed(lines):
    lines = list(lines)
    while lines and not lines[-1]:
        lines.pop()
    return lines
