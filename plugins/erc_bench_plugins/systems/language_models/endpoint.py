"""An endpoint that speaks OpenAI's protocol for chats: what it answers, kept, so that nothing is asked twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.pace import Pace

OFFICIAL = "https://api.openai.com/v1"
Messages = Sequence[Mapping[str, str]]
_FILTERED = "content_filter"
"""What endpoints call a prompt or an answer that their filter holds back."""
_GO_ON = "What was answered is kept, and not asked again."


@dataclass(frozen=True)
class Reply:
    """One answer, and what the endpoint says of it.

    ``model`` and ``fingerprint`` are the endpoint's own names for what answered; ``log_probability`` is that of the
    whole answer, where it was asked for and given; ``at`` is when it came, in UTC.
    """

    text: str
    model: str
    fingerprint: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    log_probability: float | None
    at: str


@dataclass(frozen=True)
class Access:
    """Where to ask, with whose key, how fast, and how often again after a fault. The key is in the environment alone.

    Raises ``ErcBenchError`` for an address that is none or holds a secret, and where the client is not installed.
    """

    address: str
    key_variable: str
    parallel: int
    per_minute: float
    retries: int
    seconds: float

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise erc.ErcBenchError(
                f"system.endpoint={self.address!r} is no address",
                f"For example {OFFICIAL} or http://localhost:8000/v1.",
            )
        if parts.username or parts.password or parts.query:
            raise erc.ErcBenchError(
                "system.endpoint holds a name, a password or a query, and would stand in every record",
                f"Put the key into the environment: {self.key_variable}.",
            )
        if find_spec("openai") is None:
            raise erc.ErcBenchError("llm-api needs openai, which is not installed", "pip install 'erc-bench[api]'")

    def key(self) -> str:
        """Return the key; raise ``ErcBenchError`` where there must be one and is none."""
        key = os.environ.get(self.key_variable, "")
        if not key and self.address.rstrip("/") == OFFICIAL:
            raise erc.ErcBenchError(f"{OFFICIAL} wants a key", f"Put it into the environment: {self.key_variable}.")
        return key or "none"  # servers of one's own often want none, and the client wants something

    def is_here(self) -> bool:
        """Whether the endpoint is on this machine."""
        host = urlsplit(self.address).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


class Endpoint:
    """Asks, several requests at a time, each prompt once: replies lie in ``memory`` by a digest of the request."""

    def __init__(self, access: Access, parameters: Mapping[str, Any], memory: MutableMapping[str, bytes]) -> None:
        import openai

        self._access, self._parameters, self._memory = access, dict(parameters), memory
        self._client = openai.OpenAI(
            base_url=access.address,
            api_key=access.key(),
            max_retries=access.retries,
            timeout=access.seconds,
            # What is asked of this machine must not go through a proxy of the environment, which is another one.
            http_client=openai.DefaultHttpxClient(trust_env=False) if access.is_here() else None,
        )
        self._pace = Pace(access.per_minute)

    def ask(self, prompts: Sequence[Messages], done: Callable[[], None]) -> list[Reply]:
        """Return the reply to each prompt; ``done`` is called after each.

        Raises ``ErcBenchError`` where the endpoint refuses, cannot be reached or answers nonsense, after all retries.
        """
        by_name = {self._name(prompt): prompt for prompt in prompts}
        replies = {name: reply for name in by_name if (reply := self._remembered(name)) is not None}
        for _ in replies:
            done()
        missing = [name for name in by_name if name not in replies]
        pool = ThreadPoolExecutor(self._access.parallel)
        try:
            waiting = {pool.submit(self._kept, name, by_name[name]): name for name in missing}
            for future in as_completed(waiting):
                replies[waiting[future]] = future.result()
                done()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return [replies[self._name(prompt)] for prompt in prompts]

    def _name(self, prompt: Messages) -> str:
        asked = [self._access.address, self._parameters, [dict(message) for message in prompt]]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    def _kept(self, name: str, prompt: Messages) -> Reply:
        """Ask, and keep the reply before anything else can fail: it may have cost something."""
        reply = self._reply(prompt)
        self._memory[name] = json.dumps(asdict(reply)).encode()
        return reply

    def _remembered(self, name: str) -> Reply | None:
        try:
            return Reply(**json.loads(self._memory[name]))
        except (KeyError, TypeError, ValueError):
            return None

    def _reply(self, prompt: Messages) -> Reply:
        import openai

        for _ in range(self._access.retries + 1):
            self._pace.wait()
            asked: Any = {"messages": list(prompt), **self._parameters}
            try:
                return _read(self._client.chat.completions.create(**asked))
            except openai.OpenAIError as error:
                if getattr(error, "code", None) == _FILTERED:
                    return self._refused()
                raise self._in_words(error) from error
            except (AttributeError, IndexError, TypeError, ValueError):
                continue  # what came was no answer: cut JSON, a page of a proxy
        raise erc.ErcBenchError(
            f"{self._access.address} gave {self._access.retries + 1} times what is no answer of a chat", _GO_ON
        )

    def _refused(self) -> Reply:
        """Return the answer without text of an endpoint whose filter refuses a prompt: it would every time."""
        model = str(self._parameters.get("model", ""))
        return Reply("", model, "", _FILTERED, 0, 0, None, _now())

    def _in_words(self, error: Exception) -> erc.ErcBenchError:
        import openai

        address = self._access.address
        said = " ".join(str(getattr(error, "message", error)).split())[:200]
        told: dict[type[Exception], tuple[str, str]] = {
            openai.AuthenticationError: ("refuses the key", f"It is read from {self._access.key_variable}."),
            openai.PermissionDeniedError: ("refuses the key", f"It is read from {self._access.key_variable}."),
            openai.NotFoundError: (f"does not know what is asked for: {said}", "Is system.model one of its models?"),
            openai.RateLimitError: (f"wants fewer requests: {said}", f"Try system.requests_per_minute. {_GO_ON}"),
            openai.APITimeoutError: (f"did not answer within {self._access.seconds:g} s", _GO_ON),
            openai.APIConnectionError: ("cannot be reached", _GO_ON),
        }
        sentence, remedy = next(
            (words for kind, words in told.items() if isinstance(error, kind)), (f"refuses a request: {said}", _GO_ON)
        )
        return erc.ErcBenchError(f"{address} {sentence}", remedy)


def _read(completion: Any) -> Reply:
    choice, usage = completion.choices[0], completion.usage
    text = choice.message.content
    if text is None and choice.finish_reason:
        text = ""  # a refusal, or thoughts that filled the limit: an answer, and to ask again would not change it
    if not isinstance(text, str):
        raise TypeError(text)
    tokens = None if choice.logprobs is None else choice.logprobs.content
    return Reply(
        text=text,
        model=str(completion.model),
        fingerprint=str(getattr(completion, "system_fingerprint", None) or ""),
        finish=str(choice.finish_reason),
        prompt_tokens=0 if usage is None else int(usage.prompt_tokens),
        completion_tokens=0 if usage is None else int(usage.completion_tokens),
        log_probability=None if tokens is None else sum(float(token.logprob) for token in tokens),
        at=_now(),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
