"""Models that are often named without their owner, as Hugging Face once took them."""

from __future__ import annotations

_OWNERS = {
    **{"roberta-": "FacebookAI", "xlm-roberta-": "FacebookAI", "bert-": "google-bert", "distilbert-": "distilbert"},
    **{"albert-": "albert", "deberta-": "microsoft", "mdeberta-": "microsoft", "electra-": "google"},
    **{"gpt2": "openai-community", "bart-": "facebook", "t5-": "google-t5", "distilroberta-": "distilbert"},
}
"""Who publishes the models that are often named without their owner, by the beginning of the name."""


def with_owner(name: str) -> str:
    """Return what to add to the answer that there is no such backbone; nothing for other names."""
    owner = next((owner for start, owner in _OWNERS.items() if name.startswith(start)), None)
    return f"; a Hugging Face id is OWNER/MODEL: {owner}/{name}" if owner else ""
