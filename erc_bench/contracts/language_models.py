"""The language models of an encoder by role: the backbone, which is ``main``, and further ones that it names."""

from __future__ import annotations

from typing import Any, Literal

MAIN = "main"
"""The role of the backbone."""
SAME = "same"
"""What an option ``ROLE_backbone`` says where a role has the cell's backbone."""

LanguageModelUse = Literal["trained", "frozen", "scratch"]
"""How a further language model is used: its pretrained weights train or stay, or random ones train."""


def use_of(options: Any, role: str) -> LanguageModelUse:
    """Return how an encoder with these options uses the language model of a role; ``main`` is never from scratch."""
    if role == MAIN:
        return "frozen" if options.trainable == "none" else "trained"
    use: LanguageModelUse = getattr(options, role)
    return use


def attribute_of(role: str) -> str:
    """Return the attribute of an encoder that holds the language model of a role."""
    return "language_model" if role == MAIN else f"language_model_{role}"


def backbone_option(role: str) -> str:
    """Return the name of the option that says which backbone a further role has."""
    return f"{role}_backbone"
