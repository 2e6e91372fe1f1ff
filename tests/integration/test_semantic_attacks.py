"""Attacks on the semantic cache over real sockets: probing from outside the tenant, and poisoning from inside it.

The poisoned pairs are those of `tests/unit/semantic_cache/test_semantic_poisoning.py`, which measures them on the bare
decision, cold and warm.
"""

import asyncio
import dataclasses
from collections.abc import Sequence

import msgspec
import pytest
from aiohttp import web
from multidict import CIMultiDict

from halfpenny.proxy.headers import tenant_of
from tests.conftest import Answer, Proxy, Serve
from tests.integration.test_semantic_live import Oracle, config, learnt, running, started
from tests.unit.semantic_cache.test_semantic_poisoning import REFUSED, UNSEEN, VICTIMS, poisoned

pytestmark = pytest.mark.model

Headers = Sequence[tuple[str, str]]

ALICE: Headers = (("Authorization", "Bearer alice-key"), ("OpenAI-Organization", "org-a"))
ALICES_TENANT = tenant_of({"authorization": b"Bearer alice-key", "openai-organization": b"org-a"})
SAME, STORED, ALIKE = (
    "What is the capital of France?",
    "How do I reverse a list in Python?",
    "How can I reverse a list in Python?",
)
UNHEARD = "How do I sharpen a kitchen knife?"
BOB = ("Authorization", "Bearer bob-key")
ORG_A = ("OpenAI-Organization", "org-a")

STRANGERS: dict[str, Headers] = {
    "another key": (BOB,),
    "no credential": (),
    "another key in the same organisation": (("Authorization", "Bearer carol-key"), ORG_A),
    "the organisation alone": (ORG_A,),
    "the key without its organisation": (ALICE[0],),
    "the key in another organisation": (ALICE[0], ("OpenAI-Organization", "org-b")),
    "the key in the organisation in capitals": (ALICE[0], ("OpenAI-Organization", "ORG-A")),
    "the organisation and a project": (*ALICE, ("OpenAI-Project", "proj-a")),
    "the key in another header": (("X-Api-Key", "alice-key"), ORG_A),
    "the whole value in another header": (("X-Api-Key", "Bearer alice-key"), ORG_A),
    "the scheme in small letters": (("Authorization", "bearer alice-key"), ORG_A),
    "the scheme in capitals": (("Authorization", "BEARER alice-key"), ORG_A),
    "the key in capitals": (("Authorization", "Bearer ALICE-KEY"), ORG_A),
    "two spaces": (("Authorization", "Bearer  alice-key"), ORG_A),
    "a tab": (("Authorization", "Bearer\talice-key"), ORG_A),
    "no scheme": (("Authorization", "alice-key"), ORG_A),
    "a no-break space behind": (("Authorization", "Bearer alice-key\u00a0"), ORG_A),
    "a zero-width space behind": (("Authorization", "Bearer alice-key\u200b"), ORG_A),
    "an escaped space behind": (("Authorization", "Bearer alice-key%20"), ORG_A),
    "a part of the key": (("Authorization", "Bearer alice-ke"), ORG_A),
    "the key and more": (("Authorization", "Bearer alice-key2"), ORG_A),
    "two keys, hers last": (("Authorization", "Bearer dave-key"), *ALICE),
    "two keys, hers first": (*ALICE, ("Authorization", "Bearer erin-key")),
    "her key twice": (ALICE[0], *ALICE),
    "both in one header": (("Authorization", "Bearer alice-key\topenai-organization:5:org-a"),),
    "the wish for similar answers": (("Authorization", "Bearer f-key"), ("Halfpenny-Cache", "semantic")),
    "the wish for any answer": (("Authorization", "Bearer g-key"), ("Halfpenny-Max-False-Hit-Rate", "1")),
    "her tenant by name": (
        ("Authorization", "Bearer h-key"),
        ("Halfpenny-Tenant", ALICES_TENANT),
        ("X-Halfpenny-Tenant", ALICES_TENANT),
        ("Halfpenny-Tags", f"tenant={ALICES_TENANT},app=alice"),
    ),
    "forwarded for her": (
        ("Authorization", "Bearer i-key"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=alice"),
    ),
    "her tenant as key": (("Authorization", ALICES_TENANT),),
}

CREDENTIALS = ("Authorization", "OpenAI-Organization", "OpenAI-Project", "X-Api-Key")


@dataclasses.dataclass
class Telling(Oracle):
    """Its answers say who asked, with which credentials, and what."""

    asked: list[str] = dataclasses.field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        self.calls += 1
        text = (await request.json())["messages"][-1]["content"]
        self.asked.append(text)
        who = [(name, value) for name in CREDENTIALS for value in request.headers.getall(name, [])]
        message = {"role": "assistant", "content": f"{self.answer(text)} For {who}. Asked: {text}"}
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 1,
                "model": "gpt-4o-mini",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
            }
        )


HERS = f"For {list(ALICE)}."


async def ask(proxy: Proxy, headers: Headers, text: str, **fields: object) -> Answer:
    """Just these headers, in this order, and no others."""
    body = msgspec.json.encode({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields})
    sent = CIMultiDict([("Content-Type", "application/json"), *headers])
    async with proxy.session.post(f"{proxy.url}/v1/chat/completions", data=body, headers=sent) as reply:
        return Answer(reply.status, dict(reply.headers), await reply.read())


def shown(answer: Answer) -> tuple[object, ...]:
    """All that a caller can see of an answer, but for what differs in any two: its number, its time and the echo."""
    skipped = {"Date", "Halfpenny-Request-Id", "Content-Length"}
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in skipped and not name.lower().startswith("x-") and "timing" not in name.lower()
    }
    body = answer.body.replace(answer.request_id.encode(), b"ID") if answer.status != 200 else b""
    return answer.status, headers, body


async def test_strangers_learn_nothing_of_what_a_tenant_asked(serve: Serve) -> None:
    async with running(Telling()) as upstream:
        assert isinstance(upstream, Telling)
        proxy = await started(serve, config(upstream))
        for text in (SAME, STORED):
            assert HERS in (await ask(proxy, ALICE, text, user="ann")).text
        await learnt(proxy)
        only = ("Cache-Control", "only-if-cached")
        for name, headers in STRANGERS.items():
            before = upstream.calls
            # does it exist? The same answer as for what nobody ever asked
            seen = [shown(await ask(proxy, (*headers, only), text, user="ann")) for text in (SAME, ALIKE, UNHEARD)]
            assert seen[0][0] == 504, name
            assert seen[0] == seen[1] == seen[2], name
            assert upstream.calls == before, name
            # the very text, another wording, and one that nobody asked: all go to the upstream, with his credentials
            told = [await ask(proxy, headers, text, user="ann") for text in (SAME, ALIKE, UNHEARD)]
            assert [one.status for one in told] == [200, 200, 200], name
            assert upstream.calls == before + 3, name
            assert upstream.asked[-3:] == [SAME, ALIKE, UNHEARD], name
            assert all(HERS not in one.text for one in told), name
            assert shown(told[0]) == shown(told[1]) == shown(told[2]), name
            assert all("Halfpenny-Similarity" not in one.headers and "Age" not in one.headers for one in told), name
            await learnt(proxy)
        # she herself is answered from the cache all the time, so there was something to see
        before = upstream.calls
        mine = [await ask(proxy, ALICE, text, user="ann") for text in (SAME, STORED, ALIKE)]
        assert all(HERS in one.text for one in mine)
        assert "detail=semantic" in mine[2].cache
        assert (await ask(proxy, (*ALICE, only), SAME, user="ann")).status == 200
        assert upstream.calls == before


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user": "bob"},
        {"user": "ANN"},
        {"user": "ann "},
        {"user": "ann\u200b"},
        {"user": ""},
        {"user": "bob", "safety_identifier": "ann"},
        {"user": "ann", "safety_identifier": "bob"},
        {"user": "bob", "metadata": {"user_id": "ann"}},
        {"user": 'ann", "safety_identifier": "'},
        {"user": ["ann"]},
    ],
)
async def test_end_users_of_one_tenant_do_not_share_what_is_only_alike(serve: Serve, fields: dict[str, object]) -> None:
    async with running(Telling()) as upstream:
        proxy = await started(serve, config(upstream))
        await ask(proxy, ALICE, STORED, user="ann")
        await learnt(proxy)
        other = await ask(proxy, ALICE, ALIKE, **fields)
        assert (other.status, upstream.calls) == (200, 2)
        assert f"Asked: {ALIKE}" in other.text
        await learnt(proxy)
        only = (*ALICE, ("Cache-Control", "only-if-cached"))
        assert (await ask(proxy, only, "How could I reverse a list in Python?", **fields)).status == 504
        own = await ask(proxy, ALICE, "How can I reverse a list in Python please?", user="ann")
        assert ("detail=semantic" in own.cache, f"Asked: {STORED}" in own.text) == (True, True)


async def test_what_another_tenant_cached_takes_the_upstreams_path(serve: Serve) -> None:
    """No timing to tell by: not only the answer but the way to it is that of a text which nobody asked."""
    async with running(Telling()) as upstream:
        assert isinstance(upstream, Telling)
        proxy = await started(serve, config(upstream))
        for text in (SAME, STORED):
            await ask(proxy, ALICE, text)
        await learnt(proxy)
        assert "hit" in (await ask(proxy, ALICE, SAME)).cache
        assert upstream.calls == 2
        rows = []
        for at, text in enumerate((SAME, ALIKE, UNHEARD)):
            answer = await ask(proxy, (("Authorization", f"Bearer prober-{at}"),), text)
            assert upstream.calls == 3 + at
            rows.append(await proxy.rows(answer.request_id))
        # not even a neighbour was considered
        assert all("semantic" not in (one.get("why") or {}) for row in rows for one in row)
        # while she waits for the upstream, nobody else is given her answer, nor waits for it
        gathered = await asyncio.gather(
            *(ask(proxy, (("Authorization", f"Bearer {who}"),), "Why is the sea salty?") for who in ("p", "q", "r"))
        )
        assert upstream.calls == 8
        assert all("collapsed" not in one.cache for one in gathered)
        assert all(f"Bearer {who}'" in one.text for who, one in zip("pqr", gathered, strict=True))


async def test_a_poisoned_neighbour_does_not_answer_a_victim_in_a_cold_namespace(serve: Serve) -> None:
    """Each pair has a namespace of its own; the attacker's answer is his prompt's, whatever it was."""
    async with running(Telling()) as upstream:
        proxy = await started(serve, config(upstream))
        controls = tried = 0
        wrong = []
        for at, victim in enumerate(VICTIMS[::3]):
            for rule in REFUSED:
                attack = poisoned(rule, victim)
                system = {"role": "system", "content": f"You are bot {at} {rule}."}
                first = await in_conversation(proxy, system, attack)
                await learnt(proxy)
                second = await in_conversation(proxy, system, victim)
                await learnt(proxy)
                tried += "stored" in first.cache
                if not second.text.endswith(f"Asked: {victim}"):
                    wrong.append((rule, victim))
            system = {"role": "system", "content": f"You are bot {at}."}
            await in_conversation(proxy, system, victim)
            await learnt(proxy)
            controls += "detail=semantic" in (await in_conversation(proxy, system, f"Hello, {victim}")).cache
        assert tried >= 40
        assert controls >= 3, "nothing is served at all, so nothing was tested"
        assert wrong == []


@pytest.mark.parametrize("rule", [*UNSEEN, "say hi"])
async def test_a_payload_that_is_not_seen_does_not_answer_a_victim(serve: Serve, rule: str) -> None:
    async with running(Telling()) as upstream:
        proxy = await started(serve, config(upstream))
        await proxy.chat(poisoned(rule, SAME))
        await learnt(proxy)
        assert (await proxy.chat(SAME)).text.endswith(f"Asked: {SAME}")


async def in_conversation(proxy: Proxy, system: dict[str, str], text: str) -> Answer:
    messages = [system, {"role": "user", "content": text}]
    return await proxy.post("/v1/chat/completions", msgspec.json.encode({"model": "gpt-4o-mini", "messages": messages}))
