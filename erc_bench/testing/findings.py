"""Checks and their results: for a table, for JSON, and for a test that must fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from erc_bench.running.failures import located, raised_by

Subject = TypeVar("Subject")
Outcome = Literal["passed", "failed", "skipped"]


class NotApplicableError(Exception):
    """A check has nothing to look at here: a component without options, a machine without CUDA."""


class UnusableError(AssertionError):
    """A fault beside which the failures of later checks say nothing new: they are left out."""


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One property that a component must have, and how it is looked at by running it.

    ``tried`` says what is done, ``why`` what goes wrong in a published number where the property
    does not hold. ``run`` returns what was measured; it raises ``AssertionError`` with a sentence
    where the property does not hold, and :class:`NotApplicableError` with the reason where there is
    nothing to look at.
    """

    name: str
    tried: str
    why: str
    run: Callable[[Subject], str]


@dataclass(frozen=True)
class Finding:
    """The result of one check; ``measured`` is the sentence of its measurement, or why it was skipped."""

    name: str
    outcome: Outcome
    tried: str
    measured: str
    why: str


def run_checks(checks: Iterable[Check[Subject]], subject: Subject) -> list[Finding]:
    """Run every check, whatever the others find; an error that a component raises is a failure of that check."""
    # It brings torch, and a process that only loads a class that is checked does without.
    from erc_bench.training.process_state import alone

    findings = []
    fault = ""
    with alone(), _quiet():
        for check in checks:
            finding, unusable = _run(check, subject)
            if fault and finding.outcome == "failed":
                measured = f"it says nothing before the check `{fault}` passes"
                finding = replace(finding, outcome="skipped", measured=measured)
            findings.append(finding)
            fault = fault or (check.name if unusable else "")
    return findings


def insist(findings: Sequence[Finding], component: str) -> None:
    """Raise ``AssertionError`` that names the component and every check that failed."""
    failed = [finding for finding in findings if finding.outcome == "failed"]
    if failed:
        lines = [f"{finding.name}: {finding.measured}" for finding in failed]
        raise AssertionError("\n".join([f"{component} does not pass {len(failed)} of {len(findings)} checks", *lines]))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of the log to ourselves: a component's remarks on invented dialogues are news to nobody."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


def _run(check: Check[Subject], subject: Subject) -> tuple[Finding, bool]:
    """Return the result of a check, and whether it makes the failures of the others idle."""
    outcome: Outcome = "passed"
    unusable = False
    try:
        measured = check.run(subject)
    except NotApplicableError as reason:
        outcome, measured = "skipped", str(reason)
    # A component is foreign code: whatever it raises, the other checks go on.
    except (Exception, SystemExit) as error:
        outcome, measured = "failed", _said(error, subject)
        unusable = isinstance(error, UnusableError)
    return Finding(check.name, outcome, check.tried, measured, check.why), unusable


def _said(error: BaseException, subject: object) -> str:
    """Return the sentence of a check; for an error of the component, with the place in its code."""
    component = getattr(subject, "component", None) or getattr(getattr(subject, "method", None), "system", None)
    components = [] if component is None else [component]
    of_the_check = isinstance(error, AssertionError) and not raised_by(error, components)
    return str(error) if of_the_check else located(error, components)
