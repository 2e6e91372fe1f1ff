"""What Gemini's methods have in common: the target, and the parts of a body that the proxy must understand.

Google reads a body as protobuf JSON: each field may be spelled in camelCase or in snake_case, and a list of one element
may be given as the element. Field names: the types of Google's Python SDK `google-genai` 3.4 (2026-11). Only what is
missing altogether is refused; every other oddity is the upstream's to judge, and only makes the answer less shareable.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from halfpenny.proxy.surfaces.pieces import objects_in

NOISE = frozenset({"labels", "serviceTier", "service_tier"})
TUNED = "tunedModels/"
# The credentials are a part of the tenant (proxy/headers.py); the others choose how the answer is written down.
_NOT_IN_SCOPE = frozenset({"key", "access_token", "alt", "$alt", "prettyPrint", "$prettyPrint"})
_METHOD = re.compile(r"/(?P<version>[^/]+)/(?P<kind>models|tunedModels)/(?P<name>[^/:]+):(?P<method>\w+)")
_CAPITAL = re.compile(r"[A-Z]")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A request target, read: `/v1beta/models/M:generateContent?key=K`.

    `model` is the bare name, or `tunedModels/NAME`. `scope` is the target as it belongs in the key; both ways to
    generate have the same. `form` is the value of `alt` ("" if there is none, "mixed" for two that differ).
    """

    version: str
    model: str
    method: str
    scope: str
    form: str


def read_target(target: str) -> Target:
    path, _, query = target.partition("?")
    found = _METHOD.fullmatch(path)
    if found is None:  # the table of surfaces lets only such paths come here
        return Target(version="", model="", method="", scope=target, form="mixed")
    kind, name, method = found["kind"], unquote(found["name"]), found["method"]
    items = [item for item in query.split("&") if item]
    forms = {item.partition("=")[2] for item in items if item.partition("=")[0] in ("alt", "$alt")}
    kept = sorted(item for item in items if item.partition("=")[0] not in _NOT_IN_SCOPE)
    verb = "generate" if method in ("generateContent", "streamGenerateContent") else method
    return Target(
        version=found["version"],
        model=name if kind == "models" else TUNED + name,
        method=method,
        scope=f"/{found['version']}/{kind}/{found['name']}:{verb}?{'&'.join(kept)}",
        form="mixed" if len(forms) > 1 else "".join(forms),
    )


def moved(target: str, model: str) -> str:
    """The target under another model."""
    path, mark, query = target.partition("?")
    found = _METHOD.fullmatch(path)
    if found is None:
        return target
    kind, name = ("tunedModels", model.removeprefix(TUNED)) if model.startswith(TUNED) else ("models", model)
    return f"/{found['version']}/{kind}/{quote(name, safe='@+')}:{found['method']}{mark}{query}"


def representation(target: Target) -> str:
    """Why this form of answer is not stored: we know JSON, and events where they are asked for."""
    wanted = ("sse",) if target.method == "streamGenerateContent" else ("", "json")
    return "" if target.form in wanted else f"alt={target.form}"


def given(holder: Any, name: str) -> list[Any]:
    """What `holder` says under `name` (camelCase) in either spelling; null counts as nothing. At most two values."""
    if not isinstance(holder, dict):
        return []
    spellings = dict.fromkeys((name, _CAPITAL.sub(lambda capital: "_" + capital[0].lower(), name)))
    return [holder[spelled] for spelled in spellings if holder.get(spelled) is not None]


def first(holder: Any, name: str) -> Any:
    """One of the values of `given`, or None."""
    values = given(holder, name)
    return values[0] if values else None


def whole_number(value: Any) -> int:
    """A count; protobuf JSON may quote it. 0 for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def contents_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [content for value in given(document, "contents") for content in objects_in(value)]


def parts_of(content: Any) -> list[dict[str, Any]]:
    return objects_in(content.get("parts")) if isinstance(content, dict) else []


def all_parts(contents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every part, those inside a function's response included."""
    for content in contents:
        for part in parts_of(content):
            yield part
            for response in given(part, "functionResponse"):
                yield from parts_of(response)


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = (part.get("text") for part in parts_of(content))
    return "\n".join(text for text in texts if isinstance(text, str))


def has_file(parts: Iterator[dict[str, Any]]) -> bool:
    """Whether something is named by its address: what is there may change or expire."""
    return any(given(part, "fileData") for part in parts)
