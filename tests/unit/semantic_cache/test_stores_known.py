import hashlib

from hypothesis import given
from hypothesis import strategies as st

from halfpenny.semantic_cache.stores.known import KnownKeys


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


@given(st.sets(st.integers(), max_size=50))
def test_what_was_added_is_never_denied(names: set[int]) -> None:
    known = KnownKeys()
    for name in names:
        known.add(key(name))
    assert all(known.may_hold(key(name)) for name in names)


def test_what_was_not_added_is_mostly_denied() -> None:
    known = KnownKeys()
    for number in range(100_000):
        known.add(key(number))
    assert sum(known.may_hold(key(-number)) for number in range(1, 20_001)) <= 10
    assert repr(known) == "<KnownKeys 100000 added>"
