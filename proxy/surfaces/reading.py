"""Reading a request body: strict where the proxy must understand it, with errors that name the field; and what is to be
done with a body that cannot be read so (`read_ask`)."""

import logging
import re
from typing import Any

import msgspec

from halfpenny.proxy.bodies import LIGHT_BYTES, has_duplicate_keys, too_heavy
from halfpenny.proxy.errors import ProxyError, bad_request
from halfpenny.proxy.outline import Outline, Partial, outline
from halfpenny.proxy.surfaces.base import Ask, Surface

log = logging.getLogger(__name__)
_MOST_TOKENS = 10**12
"""No call has more: what claims to is a broken number, not a count."""
_MOST_DEPTH = 200
"""Levels. Far more than any API has, far less than what any part of ours could not walk."""
_SMALL_BYTES = 4096
_ROUTING = frozenset(
    {
        "model",
        "stream",
        "n",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "tools",
        "functions",
        "response_format",
        "user",
        "safety_identifier",
    }
)
_ALL = _ROUTING | {"stream_options"}
_MOST_MEMBERS = 10_000
"""Of one object. Sorting more names than this for the key would hold up everybody else."""
_SUBSTANCE = frozenset({"messages", "input", "prompt", "contents", "content", "requests"})
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_MODEL_IN_PATH = re.compile(r"/(?:models|deployments)/([^/:]+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_decoder = msgspec.json.Decoder()


def read_ask(surface: Surface, body: bytes, target: str) -> Ask:
    """What the surface reads from this body; where it cannot, an ask by which the body can still be sent on.

    An upstream may take what we do not (`NaN`, a lone surrogate, a new type in an old field, a body without a model),
    and says what is wrong better than we could. So whatever names one model, or names it in the path, is routed and
    sent as it is, and neither looked up nor stored: `is_partial(ask)`, and `stateful` says why. The body of such an ask
    has not been read: it must not be converted, nor judged by its text.

    Raises `ProxyError` (400) where it cannot be told which model is asked for: it is no JSON object, or `model` is no
    string, or two different ones. Bodies over `bodies.LIGHT_BYTES` belong into a thread; no call here holds the
    interpreter's lock for longer than some tens of milliseconds.
    """
    if heavy := too_heavy(body):
        error = bad_request(f"the body cannot be read because of {heavy}", code="body_too_complex")
        return _routed(surface, body, target, error)
    try:
        ask = surface.read(body, target)
    except ProxyError as error:
        if error.status != 400 or _lacks_substance(error, body):
            raise
        return _routed(surface, body, target, error)
    except Exception:
        # a bug of ours is no reason to refuse what the upstream may well understand
        log.exception("surface %s failed to read a body of %d bytes", surface.name, len(body))
        return _routed(surface, body, target, bad_request("the body cannot be read", code="invalid_request"))
    if has_duplicate_keys(body, ask.document):
        if surface.model_in_body:
            _model_named(body, outline(body, _ALL))
        return msgspec.structs.replace(ask, stateful=ask.stateful or "duplicate keys")
    return ask


def _lacks_substance(error: ProxyError, body: bytes) -> bool:
    """Whether there is nothing to ask: that is refused here, in words that name the field. A missing model alone is
    not: servers of one model need none."""
    if error.code != "missing_required_parameter":
        return False
    if error.param != "model":
        return True
    found = outline(body, _SUBSTANCE)
    return found is None or not found.spans


def is_partial(ask: Ask) -> bool:
    """Whether the body of this request was sent on unread."""
    return isinstance(ask.document, Partial)


def _routed(surface: Surface, body: bytes, target: str, error: ProxyError) -> Ask:
    """The ask of a body that was not read. Raises `error` if it cannot be routed."""
    found = outline(body, _ALL)
    path = target.partition("?")[0]
    if surface.model_in_body:
        if found is None:
            raise error
        model = _model_named(body, found)
    else:
        named = _MODEL_IN_PATH.search(path)
        model = named.group(1) if named is not None else ""
    members = {name: value for name in _ROUTING for value in _small(body, found, name)}
    return Ask(
        document=Partial(members, found),
        model=model,
        stream=members.get("stream") is True or ":stream" in path,
        # nothing may be added to it or taken from its answer
        wants_usage=True,
        noise=frozenset(),
        stateful=f"not read: {error.code}",
        exact_only="not read",
        # of a large body most bytes are pictures: no measure of its tokens
        input_bytes=len(body) if len(body) <= LIGHT_BYTES else 0,
        max_output_tokens=max(as_count(members.get(name)) for name in _LIMITS),
        # nothing in it is known to be easy: only what can do everything may have it
        has_tools=_given(found, members, "tools") or _given(found, members, "functions"),
        has_images=True,
        wants_schema=_given(found, members, "response_format"),
        sampled=True,
    )


def _model_named(body: bytes, found: Outline | None) -> str:
    """The one model that a body names; empty if it names none. Raises `ProxyError` (400) if that cannot be told."""
    spans = found.spans.get("model", ()) if found is not None else ()
    names: set[str] = set()
    for start, end in spans:
        name = _value(body[start:end]) if end - start <= _SMALL_BYTES else None
        if not isinstance(name, str) or not name:
            raise bad_request("'model' must be a non-empty string", param="model", code="invalid_type")
        names.add(_clean(name, "model"))
    if len(names) > 1:
        # which one an upstream goes by is anyone's guess, and rules and prices go by the model
        raise bad_request("'model' is named twice, and differently", param="model", code="ambiguous_model")
    return names.pop() if names else ""


def _small(body: bytes, found: Outline | None, name: str) -> list[Any]:
    """The value of this member, if it is there once, short and good JSON: a list of one or none."""
    spans = found.spans.get(name, ()) if found is not None else ()
    if len(spans) != 1 or spans[0][1] - spans[0][0] > _SMALL_BYTES:
        return []
    value = _value(body[spans[0][0] : spans[0][1]])
    return [] if value is None else [value]


def _value(raw: bytes) -> Any:
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _given(found: Outline | None, members: dict[str, Any], name: str) -> bool:
    """Whether the body has this member, and not as null or empty."""
    if found is None or name not in found.spans:
        return False
    return name not in members or bool(members[name])


def _width(value: Any) -> int:
    return len(value) if isinstance(value, dict) else 0


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises `ProxyError` (400) that says where the JSON is broken."""
    try:
        document = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"the body is not valid JSON: {error}", code="invalid_json") from None
    except (UnicodeDecodeError, RecursionError):
        raise bad_request("the body is not valid JSON: too deep, or not UTF-8", code="invalid_json") from None
    if not isinstance(document, dict):
        raise bad_request(f"the body must be a JSON object, not {json_type(document)}", code="invalid_json")
    if max(map(_width, (document, *document.values()))) > _MOST_MEMBERS:
        raise bad_request(f"an object of the body has more than {_MOST_MEMBERS} members", code="invalid_json")
    if body.count(b"[") + body.count(b"{") > _MOST_DEPTH and _is_deep(document):
        raise bad_request(f"the body is nested deeper than {_MOST_DEPTH} levels", code="invalid_json")
    return document


def _is_deep(document: dict[str, Any]) -> bool:
    level: list[Any] = [document]
    for _ in range(_MOST_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def text_field(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        raise bad_request(f"missing required parameter: '{name}'", code="missing_required_parameter", param=name)
    if not isinstance(value, str) or not value:
        raise bad_request(
            f"'{name}' must be a non-empty string, not {json_type(value)}", param=name, code="invalid_type"
        )
    return _clean(value, name)


def _clean(value: str, name: str) -> str:
    """A name that goes into headers and logs. Raises `ProxyError` (400) for control characters in it."""
    if _CONTROL.search(value) is not None:
        raise bad_request(f"'{name}' must not hold control characters", param=name, code="invalid_value")
    return value


def bool_field(document: dict[str, Any], name: str) -> bool:
    value = document.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise bad_request(f"'{name}' must be true or false, not {json_type(value)}", param=name, code="invalid_type")


def number_field(document: dict[str, Any], name: str) -> float | None:
    value = document.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise bad_request(f"'{name}' must be a number, not {json_type(value)}", param=name, code="invalid_type")


def wants_usage(document: dict[str, Any]) -> bool:
    options = document.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise bad_request(
            f"'stream_options' must be an object, not {json_type(options)}",
            param="stream_options",
            code="invalid_type",
        )
    return options.get("include_usage") is True


def as_count(value: Any) -> int:
    """A token count from a provider's usage object; anything that is not a whole number counts as none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_TOKENS else 0


def json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "an empty string" if not value else "a string"
    return "an array" if isinstance(value, list) else "an object"
