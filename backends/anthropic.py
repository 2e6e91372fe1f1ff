"""Anthropic's API: the same pooled client, its own credential header."""

from collections.abc import Mapping
from typing import Any

from halfpenny.backends.base import Headers
from halfpenny.backends.openai_compatible import OpenAICompatible
from halfpenny.backends.secret import Secret

DEFAULT_VERSION = "2023-06-01"


class Anthropic(OpenAICompatible):
    """The backend `kind = "anthropic"`. Options as of `OpenAICompatible`; a key goes out as `x-api-key`.

    `anthropic-version` is required by the API (its documentation, "Versioning"): a caller that names none gets
    `DEFAULT_VERSION`.
    """

    kind = "anthropic"

    def __init__(
        self,
        name: str = "anthropic",
        *,
        base_url: str = "https://api.anthropic.com",
        api_key: Secret | str | None = None,
        headers: Mapping[str, str] | None = None,
        key_header: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            name,
            base_url=base_url,
            api_key=api_key,
            headers=headers,
            key_header=key_header or "x-api-key",
            **options,
        )

    def outgoing(self, given: Headers) -> Headers:
        sent = super().outgoing(given)
        if any(name.lower() == "anthropic-version" for name, _ in sent):
            return sent
        return (*sent, ("anthropic-version", DEFAULT_VERSION))
