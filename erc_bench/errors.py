"""The one error that a user can cause, and that is shown as a sentence and a hint."""

from __future__ import annotations


class ErcBenchError(Exception):
    """A mistake in the request, the data or a plugin, told in one sentence with its remedy.

    Anything else that is raised is a defect of the program and keeps its traceback.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message
