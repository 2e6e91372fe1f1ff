"""Two real upstreams, one small and one large: the router splits a labelled set, and `explain` says why for each."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Proxy, Serve
from tests.upstream import Script, ScriptedUpstream

LABELLED = Path(__file__).parents[1] / "unit" / "router" / "difficulty_prompts.jsonl"


@pytest.fixture
async def small() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as running:
        yield running


@pytest.fixture
async def routed(serve: Serve, upstream: ScriptedUpstream, small: ScriptedUpstream) -> Proxy:
    running: Proxy = await serve(f"""
        [server]
        listen = "127.0.0.1:0"
        admin = "127.0.0.1:0"
        [cache.semantic]
        enabled = false
        [retry]
        attempts = 0
        [[backends]]
        name = "large"
        kind = "openai"
        base_url = "{upstream.base_url}"
        models = ["gpt-*"]
        [[backends]]
        name = "small"
        kind = "openai"
        base_url = "{small.base_url}"
        model = "tiny-1"
        context_tokens = 1000
        tools = false
        [[routes]]
        name = "default"
        match = {{ model = "*" }}
        policy = "difficulty"
        small = "small"
        large = "large"
        [[routes.rules]]
        name = "no secrets"
        match = {{ prompt = "(?i)top secret" }}
        deny = "not here"
        [[routes.rules]]
        name = "audited go large"
        match = {{ tag = {{ audit = "yes" }} }}
        use = "large"
        [[prices]]
        model = "gpt-4o"
        input_usd_per_mtok = "2.5"
        output_usd_per_mtok = "10"
        [[prices]]
        model = "tiny-1"
        input_usd_per_mtok = "0.1"
        output_usd_per_mtok = "0.1"
    """)
    return running


def held_out() -> list[tuple[list[dict[str, str]], bool]]:
    """(messages, is it hard) of the half of the labelled set that nothing was tuned on."""
    rows = [json.loads(line) for line in LABELLED.read_text().splitlines()]
    return [
        ([{"role": role, "content": text} for role, text in row["messages"]], bool(row["hard"]))
        for row in rows
        if row["half"] == "held"
    ]


async def test_a_labelled_set_is_split_and_each_choice_explained(
    routed: Proxy, upstream: ScriptedUpstream, small: ScriptedUpstream
) -> None:
    prompts = held_out()
    assert len(prompts) >= 60
    right = 0
    for messages, hard in prompts:
        answer = await routed.chat(model="gpt-4o", messages=messages, headers={"Halfpenny-Cache": "off"})
        assert answer.status == 200
        went = answer.headers["Halfpenny-Served-By"]
        assert went in ("small/tiny-1", "large/gpt-4o")
        right += (went == "large/gpt-4o") == hard
        (row,) = await routed.rows(answer.request_id)
        why = row["why"]["route"]
        assert why["order"][0] == went
        assert 0.0 <= why["score"] <= 1.0
    assert right >= 0.9 * len(prompts)
    assert len(upstream.calls) + len(small.calls) == len(prompts)
    assert {call.model for call in small.calls} == {"tiny-1"}
    assert {call.model for call in upstream.calls} == {"gpt-4o"}


async def test_routing_to_the_small_model_is_counted_as_saved(routed: Proxy) -> None:
    await routed.chat("Say hello", model="gpt-4o")
    report = await routed.report()
    assert float(report.saved_usd) > 0
    assert {by for by, usd in report.saved_by.items() if float(usd) > 0} == {"routed"}


async def test_constraints_cannot_be_routed_around(routed: Proxy, small: ScriptedUpstream) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    for fields in ({"tools": [tool]}, {"max_completion_tokens": 5000}):
        answer = await routed.chat("Say hello", model="gpt-4o", **fields)
        assert answer.headers["Halfpenny-Served-By"] == "large/gpt-4o"
        (row,) = await routed.rows(answer.request_id)
        assert "small" in row["why"]["route"]["excluded"]
    assert small.calls == []


async def test_rules_come_first(routed: Proxy, upstream: ScriptedUpstream) -> None:
    forced = await routed.chat("Say hello", model="gpt-4o", headers={"Halfpenny-Tags": "audit=yes"})
    assert forced.headers["Halfpenny-Served-By"] == "large/gpt-4o"
    denied = await routed.chat("This is Top Secret", model="gpt-4o")
    assert (denied.status, denied.json()["error"]["code"]) == (403, "denied")
    assert len(upstream.calls) == 1


async def test_a_pinned_model_is_served(routed: Proxy) -> None:
    answer = await routed.chat("Prove it at length", model="gpt-4o", headers={"Halfpenny-Model": "tiny-1"})
    assert answer.headers["Halfpenny-Served-By"] == "small/tiny-1"


@pytest.mark.parametrize("marker", ["[[status=500]]", "[[cut=-1]]"])
async def test_a_failing_backend_is_replaced_and_the_answer_not_stored(
    routed: Proxy, upstream: ScriptedUpstream, small: ScriptedUpstream, marker: str
) -> None:
    small._script = lambda call: Script.of(marker)
    for _ in range(2):
        answer = await routed.chat("Say hi", model="gpt-4o")
        assert answer.status == 200
        assert answer.headers["Halfpenny-Served-By"] == "large/gpt-4o"
        assert answer.cache == "halfpenny; fwd=uri-miss"
        assert [row["outcome"] for row in await routed.rows(answer.request_id)] == [None, "miss"]
    assert len(upstream.calls) == 2


async def test_a_backend_that_keeps_failing_is_left_alone(routed: Proxy, small: ScriptedUpstream) -> None:
    small._script = lambda call: Script.of("[[status=500]]")
    for number in range(12):
        assert (await routed.chat(f"Say hi {number}", model="gpt-4o")).status == 200
    assert len(small.calls) < 12
    assert any("small" in item for item in (await routed.get("/readyz", admin=True)).json()["degraded"])
