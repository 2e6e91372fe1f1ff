"""Google's Gemini API: the same pooled client; the key travels in `x-goog-api-key` (or in the caller's query)."""

import re
from collections.abc import Mapping
from typing import Any

from halfpenny.backends.openai_compatible import OpenAICompatible
from halfpenny.backends.secret import Secret

_VERSION = re.compile(r"/v1(?:beta|alpha)?/*\Z")


class Gemini(OpenAICompatible):
    """The backend `kind = "gemini"`. Options as of `OpenAICompatible`; `base_url` with or without the version."""

    kind = "gemini"

    def __init__(
        self,
        name: str = "gemini",
        *,
        base_url: str = "https://generativelanguage.googleapis.com",
        api_key: Secret | str | None = None,
        headers: Mapping[str, str] | None = None,
        key_header: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            name,
            base_url=_VERSION.sub("", base_url),
            api_key=api_key,
            headers=headers,
            key_header=key_header or "x-goog-api-key",
            **options,
        )
