"""Google's Gemini API: the same pooled client; the key travels in `x-goog-api-key` (or in the caller's query)."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from halfpenny.backends.base import Call, Reply
from halfpenny.backends.openai_compatible import OpenAICompatible
from halfpenny.backends.secret import Secret

_VERSION = re.compile(r"/v1(?:beta|alpha)?/*\Z")


class Gemini(OpenAICompatible):
    """The backend `kind = "gemini"`. Options as of `OpenAICompatible`; `base_url` with or without the version.

    With a key of our own, a caller's `?key=` does not go upstream beside it.
    """

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

    async def call(self, call: Call) -> Reply:
        if self._api_key is not None and "?" in call.target:
            call = msgspec.structs.replace(call, target=without_key(call.target))
        return await super().call(call)


def without_key(target: str) -> str:
    """The target less `key=` in its query; every other byte stays."""
    path, _, query = target.partition("?")
    kept = "&".join(item for item in query.split("&") if item.partition("=")[0] != "key")
    return f"{path}?{kept}" if kept else path
