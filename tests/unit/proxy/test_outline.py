import json
import random
import time
from typing import Any

import pytest

from halfpenny.proxy.outline import outline

WANTED = frozenset({"model", "stream"})


def values(body: bytes) -> dict[str, list[bytes]] | None:
    found = outline(body, WANTED)
    return found and {name: [body[start:end] for start, end in spans] for name, spans in found.spans.items()}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"m"}', {"model": [b'"m"']}),
        (b' \n{ "model" : "m" ,\t"stream":true } \r\n', {"model": [b'"m"'], "stream": [b"true"]}),
        (b'\xef\xbb\xbf{"model":"m"}', {"model": [b'"m"']}),
        (b'{"model":"a","model":"b"}', {"model": [b'"a"', b'"b"']}),
        (b'{"mod\\u0065l":"a"}', {"model": [b'"a"']}),
        (b'{"x":{"model":"no"},"model":{"a":[1,{"b":"}"}]},"y":"\\"model\\":1"}', {"model": [b'{"a":[1,{"b":"}"}]}']}),
        (b'{"x":"\\\\","model":NaN}', {"model": [b"NaN"]}),
        (b'{"x":"' + b"\\\\" * 70_000 + b'","model":1}', {"model": [b"1"]}),
        (b'{"x":"' + b'\\"' * 70_000 + b'","model":1}', {"model": [b"1"]}),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"model":1}', {"model": [b"1"]}),
        (b'{"x":[' + b'{"a":["b",{"c":{}}]},' * 20_000 + b'1],"model":1}', {"model": [b"1"]}),
        (b'{"x":"\xff\x00\xed\xa0\x80","model":1}', {"model": [b"1"]}),
        (b'{"x":' + b"7" * 200_000 + b',"model":1}', {"model": [b"1"]}),
        (b"{}", {}),
        (b" { } ", {}),
    ],
)
def test_it_finds_what_stands_at_the_top(body: bytes, expected: dict[str, list[bytes]]) -> None:
    assert values(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"model"',
        b'{"model":',
        b'{"model":"m"',
        b'{"model":"m",',
        b'{"model":"m",}',
        b'{"model":"m"}x',
        b'{"model":"m"}{}',
        b'{"model" "m"}',
        b'{"model":"m" "x":1}',
        b'{"model":"m\\',
        b'{"model":"m\\"}',
        b'{"x":[[[}',
        b'{"x":' + b"[" * 100_000,
        b"[1]",
        b'"x"',
        b'{model:"m"}',
    ],
)
def test_what_is_no_object_has_no_outline(body: bytes) -> None:
    assert outline(body, WANTED) is None


def test_it_agrees_with_a_parser_on_random_documents() -> None:
    rng = random.Random(7)

    def value(depth: int) -> Any:
        kind = rng.randrange(6 if depth else 4)
        if kind == 0:
            return "".join(rng.choice('ab"\\{}[],:\n é\u2028') for _ in range(rng.randrange(12)))
        if kind < 4:
            return rng.choice([0, -1.5e300, True, None, "", 10**30])
        if kind == 4:
            return [value(depth - 1) for _ in range(rng.randrange(5))]
        return {rng.choice(["model", "stream", "x", 'q"', "\\"]): value(depth - 1) for _ in range(rng.randrange(5))}

    for _ in range(3000):
        document = {name: value(5) for name in rng.sample(["a", "model", "stream", "z", '"'], rng.randrange(6))}
        indent = rng.choice([None, 1])
        body = json.dumps(document, ensure_ascii=rng.random() < 0.5, indent=indent).encode()
        found = values(body)
        assert found is not None
        assert {name: json.loads(raw) for name, (raw,) in found.items()} == {
            name: document[name] for name in WANTED & document.keys()
        }
        cut = body[: rng.randrange(len(body))]
        if cut.strip() != body.strip():
            assert outline(cut, WANTED) is None


@pytest.mark.parametrize(
    "piece", [b"[[[[]]]],", b'"\\\\",', b"{},", b'{"a":["\\""]},', b"[", b'"', b'\\"', b'{"a"', b'[{"', b"1,", b" "]
)
def test_its_work_is_bounded(piece: bytes) -> None:
    """Linear in size: four times the body takes no more than some eight times as long, and never many seconds."""

    def seconds(size: int) -> float:
        body = b'{"model":1,"x":[' + piece * (size // len(piece))
        begun = time.process_time()
        outline(body, WANTED)
        return time.process_time() - begun

    small, large = min(seconds(500_000) for _ in range(3)), seconds(2_000_000)
    assert large < 8 * small + 0.05
    assert large < 2
