"""Reading a request body: strict where the proxy must understand it, with errors that name the field."""

from typing import Any

import msgspec

from halfpenny.proxy.errors import bad_request

_MOST_TOKENS = 10**12
"""No call has more: what claims to is a broken number, not a count."""
_decoder = msgspec.json.Decoder()


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
    return document


def text_field(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        raise bad_request(f"missing required parameter: '{name}'", code="missing_required_parameter", param=name)
    if not isinstance(value, str) or not value:
        raise bad_request(
            f"'{name}' must be a non-empty string, not {json_type(value)}", param=name, code="invalid_type"
        )
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


def list_field(document: dict[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    if value is None or isinstance(value, list):
        return value or []
    raise bad_request(f"'{name}' must be an array, not {json_type(value)}", param=name, code="invalid_type")


def count_field(document: dict[str, Any], name: str) -> int:
    value = number_field(document, name)
    return int(value) if value is not None and value > 0 else 0


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
