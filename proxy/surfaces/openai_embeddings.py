"""`POST /v1/embeddings`. Never streamed; each input is cached by itself; two models' vectors are never exchangeable.

`encoding_format` is a representation and not a part of the key: the Python and Node SDKs ask for base64 (little-endian
float32) by default, others get JSON numbers. An entry keeps the form in which it came; the other one is made from it.

That holds for OpenAI's own fields. Compatible servers take others under which base64 holds other numbers (Voyage's
`output_dtype`, vLLM's `embed_dtype`): with a field that is not known here the format is a part of the key.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec
import numpy as np

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, Unstreamed, has_error
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.pieces import size_of
from halfpenny.proxy.surfaces.reading import as_count, read_object, text_field

NOISE = frozenset({"user", "request_id", "priority", "encoding_format"})
_OWN_FIELDS = NOISE | {"model", "input", "dimensions"}
"""With these alone, base64 is that of float32."""
_FORMS = {"float": re.compile(rb'"embedding"\s*:\s*\['), "base64": re.compile(rb'"embedding"\s*:\s*"')}


class OpenAIEmbeddings(Unstreamed):
    name = "embeddings"
    dialect: Dialect = "openai"
    path = "/v1/embeddings"

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        model = self.model_of(document, target)
        given = document.get("input")
        if given is None:
            raise bad_request("missing required parameter: 'input'", code="missing_required_parameter", param="input")
        if not isinstance(given, str | list) or given in ("", []):
            raise bad_request("'input' must be a non-empty string or array", code="invalid_type", param="input")
        form = document.get("encoding_format", "float")
        known = isinstance(form, str) and form in _FORMS
        convertible = known and document.keys() <= _OWN_FIELDS
        items = _items(given)
        text = given if isinstance(given, str) else "\n".join(item for item in given if isinstance(item, str))
        return Ask(
            document=document,
            model=model,
            stream=False,
            wants_usage=False,
            noise=NOISE if convertible else NOISE - {"encoding_format"},
            stateful="" if known and items else "not understood",
            exact_only="embeddings",
            answer_is_text=False,
            messages=(("user", text),),
            input_bytes=size_of(text) or sum(map(_token_bytes, items)),
            form=form if convertible else "",
            items=items,
        )

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return text_field(document, "model")

    def reported(self, document: Any) -> Reported:
        return read_usage(document.get("usage")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        data = document.get("data")
        if not isinstance(data, list) or not data:
            return "no data"
        if any(not isinstance(item, dict) or not _is_vector(item.get("embedding")) for item in data):
            return "an item without a vector"
        return ""

    # by input

    def item_document(self, ask: Ask, item: Any) -> dict[str, Any]:
        return {**ask.document, "input": [item]}

    def with_items(self, ask: Ask, items: Sequence[Any]) -> Ask:
        return msgspec.structs.replace(
            ask,
            document={**ask.document, "input": list(items)},
            items=tuple(items),
            input_bytes=sum(map(_size, items)),
        )

    def taken_apart(self, ask: Ask, document: Any) -> list[dict[str, Any]] | None:
        if self.admissible(document):
            return None
        data, count = document["data"], len(ask.items)
        by_index = {item.get("index", at): item for at, item in enumerate(data)}
        if len(data) != count or set(by_index) != set(range(count)):
            return None
        usage = document.get("usage")
        sizes = list(accumulate((_size(item) for item in ask.items), initial=0))
        parts = []
        for at in range(count):
            part = {**document, "data": [{**by_index[at], "index": 0}]}
            if isinstance(usage, dict):
                part["usage"] = {name: _share(value, sizes, at) for name, value in usage.items()}
            parts.append(part)
        return parts

    def put_together(self, documents: Sequence[Any]) -> dict[str, Any]:
        data = [{**document["data"][0], "index": at} for at, document in enumerate(documents)]
        whole: dict[str, Any] = {**documents[0], "data": data}
        usages = [document.get("usage") for document in documents]
        if all(isinstance(usage, dict) for usage in usages):
            whole["usage"] = {name: _sum(name, usages) for name in usages[0]}
        return whole

    def form_of(self, body: bytes) -> str:
        found = [form for form, pattern in _FORMS.items() if pattern.search(body) is not None]
        return found[0] if len(found) == 1 else ""

    def in_form(self, body: bytes, form: str) -> bytes:
        """Raises ValueError if a vector is not one of finite numbers (float32 where it is base64)."""
        if form not in _FORMS or self.form_of(body) == form:
            return body
        document = msgspec.json.decode(body)
        change = _to_base64 if form == "base64" else _to_numbers
        document["data"] = [{**item, "embedding": change(item["embedding"])} for item in document["data"]]
        return msgspec.json.encode(document)


_fits: type[Surface] = OpenAIEmbeddings


def _items(given: Any) -> tuple[Any, ...]:
    """The inputs: a text, texts, one list of tokens, lists of tokens. Empty if it is none of these."""
    if isinstance(given, str):
        return (given,)
    if all(isinstance(item, str) and item for item in given):
        return tuple(given)
    if _is_tokens(given):
        return (given,)
    return tuple(given) if all(isinstance(item, list) and item and _is_tokens(item) for item in given) else ()


def _is_tokens(given: list[Any]) -> bool:
    return all(isinstance(item, int) and not isinstance(item, bool) for item in given)


def _size(item: Any) -> int:
    return size_of(item) if isinstance(item, str) else _token_bytes(item)


def _token_bytes(item: Any) -> int:
    """Four bytes of text are taken for one token everywhere (proxy/prompts.py)."""
    return 4 * len(item) if isinstance(item, list) else 0


def _is_vector(value: Any) -> bool:
    return isinstance(value, list | str) and len(value) > 0


def _share(value: Any, sizes: list[int], at: int) -> Any:
    """Part number `at` of a count that is shared out by the inputs' sizes (given as their running sum); the parts add
    up to it. Anything else stays."""
    whole, all_of_it = as_count(value), sizes[-1]
    return whole * sizes[at + 1] // all_of_it - whole * sizes[at] // all_of_it if whole and all_of_it else value


def _sum(name: str, usages: list[Any]) -> Any:
    values = [usage.get(name) for usage in usages]
    return sum(values) if all(isinstance(value, int) and not isinstance(value, bool) for value in values) else values[0]


def _to_base64(vector: Any) -> str:
    if isinstance(vector, str):
        return vector
    if not isinstance(vector, list) or not set(map(type, vector)) <= {int, float}:
        raise ValueError("the vector is not a flat list of numbers")
    try:
        with np.errstate(over="ignore"):
            packed = np.asarray(vector, dtype="<f4")
    except OverflowError as error:
        raise ValueError("a number of the vector is no float32") from error
    if not np.isfinite(packed).all():
        raise ValueError("a number of the vector is no float32")
    return base64.b64encode(packed.tobytes()).decode("ascii")


def _to_numbers(vector: Any) -> list[float]:
    if isinstance(vector, list):
        return vector
    if not isinstance(vector, str):
        raise ValueError("the vector is neither a list nor a text")
    try:
        unpacked = np.frombuffer(base64.b64decode(vector, validate=True), dtype="<f4")
    except (binascii.Error, ValueError) as error:
        raise ValueError("the vector is not base64 of float32") from error
    if not np.isfinite(unpacked).all():
        raise ValueError("the vector is not base64 of finite numbers")
    return [float(value) for value in unpacked]
