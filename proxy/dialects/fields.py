"""Reading a caller's JSON objects member by member: what no reader takes is refused, so nothing is dropped unseen."""

import re
from collections.abc import Iterator
from typing import Any

from halfpenny.proxy.dialects.base import not_expressible
from halfpenny.proxy.errors import ProxyError, bad_request
from halfpenny.proxy.surfaces.reading import json_type

_SNAKE = re.compile(r"_([a-z0-9])")


class Fields:
    """The members of one object. `at` is its path in the request ("" for the body), `where` names the backend's API.

    A member that is null counts as absent. With `snake`, snake_case names are taken as camelCase (Google's JSON mapping
    accepts both).
    """

    __slots__ = ("_left", "at", "where")

    def __init__(self, value: Any, at: str, where: str, *, snake: bool = False) -> None:
        if not isinstance(value, dict):
            raise wrong_type(at or "body", "an object", value)
        self.at = at
        self.where = where
        self._left = {name: member for name, member in value.items() if member is not None}
        if snake:
            for name in list(self._left):
                camel = _SNAKE.sub(lambda match: match[1].upper(), name)
                if camel != name:
                    if camel in self._left:
                        raise bad_request(f"'{self.path(name)}' is there twice", param=self.path(name))
                    self._left[camel] = self._left.pop(name)

    def path(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name

    def take(self, name: str) -> Any:
        return self._left.pop(name, None)

    def has(self, name: str) -> bool:
        return name in self._left

    def text(self, name: str) -> str:
        """The string member `name`, "" if absent."""
        value = self.take(name)
        if value is None or isinstance(value, str):
            return value or ""
        raise wrong_type(self.path(name), "a string", value)

    def needed_text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str):
            raise wrong_type(self.path(name), "a string", value)
        return value

    def flag(self, name: str) -> bool | None:
        value = self.take(name)
        if value is None or isinstance(value, bool):
            return value
        raise wrong_type(self.path(name), "true or false", value)

    def number(self, name: str) -> float | None:
        value = self.take(name)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise wrong_type(self.path(name), "a number", value)

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if value is None or isinstance(value, int):
            return value
        if value.is_integer():
            return int(value)
        raise wrong_type(self.path(name), "a whole number", value)

    def items(self, name: str) -> list[Any]:
        value = self.take(name)
        if value is None or isinstance(value, list):
            return value or []
        raise wrong_type(self.path(name), "an array", value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A string or an array of strings."""
        value = self.take(name)
        if isinstance(value, str):
            return (value,)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise wrong_type(self.path(name), "a string or an array of strings", value)

    def mapping(self, name: str) -> dict[str, Any] | None:
        value = self.take(name)
        if value is None or isinstance(value, dict):
            return value
        raise wrong_type(self.path(name), "an object", value)

    def inner(self, name: str, *, snake: bool = False) -> "Fields | None":
        value = self.take(name)
        return None if value is None else Fields(value, self.path(name), self.where, snake=snake)

    def text_or_parts(self, name: str) -> "str | Iterator[Fields]":
        """The member `name`: a text, or the objects of an array, read one after the other."""
        value = self.take(name)
        if isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise wrong_type(self.path(name), "a string or an array", value)
        return (Fields(part, f"{self.path(name)}[{at}]", self.where) for at, part in enumerate(value))

    def neutral(self, name: str, *values: Any) -> None:
        """Takes a member that may only hold one of `values`, which ask for nothing special."""
        value = self.take(name)
        if value is not None and not any(value == allowed and type(value) is type(allowed) for allowed in values):
            raise self.refuse(name)

    def skip(self, names: frozenset[str]) -> None:
        for name in names & self._left.keys():
            del self._left[name]

    def refuse(self, name: str, why: str = "") -> ProxyError:
        return not_expressible(self.path(name), why or f"cannot be expressed in the {self.where}")

    def end(self) -> None:
        for name in self._left:
            raise self.refuse(name)


def wrong_type(field: str, wanted: str, value: Any) -> ProxyError:
    return bad_request(f"'{field}' must be {wanted}, not {json_type(value)}", code="invalid_type", param=field)
