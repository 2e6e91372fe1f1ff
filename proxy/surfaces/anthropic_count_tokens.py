"""`POST /v1/messages/count_tokens`: free of charge, a function of the request alone."""

from typing import Any

import msgspec

from halfpenny.proxy.errors import Dialect
from halfpenny.proxy.surfaces.anthropic_request import read_ask
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, Unstreamed, has_error


class AnthropicCountTokens(Unstreamed):
    name = "count_tokens"
    dialect: Dialect = "anthropic"
    path = "/v1/messages/count_tokens"
    charged = False
    request_id_header = "request-id"

    def read(self, body: bytes, target: str) -> Ask:
        ask = read_ask(body)
        return msgspec.structs.replace(
            ask,
            stream=False,
            wants_usage=False,
            exact_only="token count",
            text="",
            frame=None,
            answer_is_text=False,
            sampled=False,
        )

    def reported(self, document: Any) -> Reported:
        """Counting costs nothing: known, and zero. What was counted is the answer, not usage."""
        return Reported(known=self.admissible(document) == "")

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        counted = document.get("input_tokens")
        return "" if isinstance(counted, int) and not isinstance(counted, bool) and counted >= 0 else "no count"


_fits: type[Surface] = AnthropicCountTokens
