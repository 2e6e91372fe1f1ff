"""What beside the body is in the cache key, seen from outside: headers, query, path, and who is asking.

Each test asks through the running proxy and reads `Cache-Status`; the scripted upstream counts what reached it.
"""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from yarl import URL

from halfpenny.proxy import headers, pipeline
from tests.conftest import Answer, Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

TURN = {"role": "user"}


@dataclasses.dataclass(frozen=True)
class Dialect:
    """One way to ask. `credential` is the header of its own clients, `sends` what else they always send."""

    path: str
    body: Callable[[str], dict[str, Any]]
    credential: str = "Authorization"
    sends: tuple[tuple[str, str], ...] = ()
    semantic: bool = False

    async def ask(
        self, proxy: Proxy, text: str, more: dict[str, str] | None = None, *, who: str = "ann", path: str = ""
    ) -> Answer:
        """`who` is the credential in the dialect's own header; empty for none."""
        given = {"Content-Type": "application/json", **dict(self.sends)}
        if who:
            given[self.credential] = f"Bearer {who}" if self.credential == "Authorization" else who
        given |= more or {}
        body = msgspec.json.encode(self.body(text))
        url = URL(proxy.url + (path or self.path), encoded=True)
        async with proxy.session.post(url, data=body, headers=given) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())


def chat(text: str) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}


def contents(text: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


ANTHROPIC = (("anthropic-version", "2023-06-01"),)
DIALECTS = {
    "chat": Dialect("/v1/chat/completions", chat, semantic=True),
    "azure": Dialect("/openai/deployments/d/chat/completions?api-version=2026-01-01", chat, "api-key", semantic=True),
    "completions": Dialect("/v1/completions", lambda text: {"model": "m", "prompt": text}),
    "embeddings": Dialect("/v1/embeddings", lambda text: {"model": "m", "input": text}),
    "moderations": Dialect("/v1/moderations", lambda text: {"model": "m", "input": text}),
    "responses": Dialect("/v1/responses", lambda text: {"model": "m", "input": text, "store": False}, semantic=True),
    "messages": Dialect(
        "/v1/messages", lambda text: {**chat(text), "max_tokens": 99}, "x-api-key", ANTHROPIC, semantic=True
    ),
    "count_tokens": Dialect("/v1/messages/count_tokens", chat, "x-api-key", ANTHROPIC),
    "generate": Dialect("/v1beta/models/m:generateContent", contents, "x-goog-api-key", semantic=True),
    "embed": Dialect(
        "/v1beta/models/m:embedContent", lambda text: {"content": contents(text)["contents"][0]}, "x-goog-api-key"
    ),
    "batch embed": Dialect(
        "/v1beta/models/m:batchEmbedContents",
        lambda text: {"requests": [{"model": "models/m", "content": contents(text)["contents"][0]}]},
        "x-goog-api-key",
    ),
    "count": Dialect("/v1beta/models/m:countTokens", contents, "x-goog-api-key"),
}
MAIN = ("chat", "messages", "generate")


def verdict(answer: Answer) -> str:
    """hit, semantic, collapsed, stored (a miss), or the whole of `Cache-Status`."""
    assert answer.status == 200, answer.body
    for word, said in (
        ("hit", "hit; detail=exact"),
        ("semantic", "hit; detail=semantic"),
        ("collapsed", "collapsed"),
        ("stored", "fwd=uri-miss; stored"),
    ):
        if said in answer.cache:
            return word
    return answer.cache


# headers in the key

KEY_HEADERS = {
    # both are versions that clients send
    "anthropic-version": ("2023-06-01", "2026-10-21"),
    "anthropic-beta": ("a-2026-01-01", "b-2026-01-01"),
    "OpenAI-Beta": ("assistants=v2", "realtime=v1"),
    "X-Amzn-SageMaker-Target-Model": ("a.tar.gz", "b.tar.gz"),
    "X-Amzn-SageMaker-Target-Variant": ("a", "b"),
    "X-Amzn-SageMaker-Target-Container-Hostname": ("a", "b"),
    "Content-Type": ("application/json", "application/json; charset=utf-8"),
}


@pytest.mark.parametrize("header", KEY_HEADERS)
@pytest.mark.parametrize("name", MAIN)
async def test_another_value_of_a_key_header_is_a_miss(proxy: Proxy, name: str, header: str) -> None:
    one, other = KEY_HEADERS[header]
    dialect = DIALECTS[name]
    for value, expected in ((one, "stored"), (other, "stored"), (one, "hit"), (other, "hit")):
        assert verdict(await dialect.ask(proxy, "Hello", {header: value})) == expected, value
        assert verdict(await dialect.ask(proxy, "Hello", {header.swapcase(): value})) == "hit", value


@pytest.mark.parametrize("header", sorted(set(KEY_HEADERS) - {"anthropic-version", "Content-Type"}))
@pytest.mark.parametrize("name", MAIN)
async def test_a_key_header_alone_is_a_miss(proxy: Proxy, name: str, header: str) -> None:
    dialect = DIALECTS[name]
    assert verdict(await dialect.ask(proxy, "Hello")) == "stored"
    assert verdict(await dialect.ask(proxy, "Hello", {header: KEY_HEADERS[header][0]})) == "stored"
    assert verdict(await dialect.ask(proxy, "Hello")) == "hit"


# headers that do not matter

NOISE_HEADERS = {
    "X-Stainless-Lang": ("python", "js"),
    "X-Stainless-Package-Version": ("3.54.0", "2.54.0"),
    "X-Stainless-OS": ("Linux", "MacOS"),
    "X-Stainless-Arch": ("x64", "arm64"),
    "X-Stainless-Runtime": ("CPython", "node"),
    "X-Stainless-Runtime-Version": ("3.11.7", "24.0.0"),
    "X-Stainless-Async": ("false", "async:asyncio"),
    "X-Stainless-Helper-Method": ("stream", "create"),
    "x-stainless-read-timeout": ("600", "60"),
    "x-stainless-timeout": ("600", "60"),
    "x-stainless-retry-count": ("0", "1"),
    "User-Agent": ("OpenAI/Python 3.54.0", "curl/8"),
    "traceparent": (
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203332-00",
    ),
    "tracestate": ("a=1", "a=2"),
    "x-request-id": ("req_1", "req_2"),
    "X-Client-Request-Id": ("1", "2"),
    "Accept-Encoding": ("gzip, deflate, br, zstd", "identity"),
    "Accept": ("application/json", "text/event-stream"),
    "Accept-Language": ("de", "en"),
    "X-Server-Timeout": ("10", "20"),
    "x-goog-api-client": ("google-genai-sdk/3.4.0", "google-genai-sdk/3.3.0"),
    "idempotency-key": ("stainless-1", "stainless-2"),
    # whom the call is attributed to: in a body it is noise as well
    "anthropic-user-profile-id": ("uprof_1", "uprof_2"),
    "X-Nobody-Knows-It": ("1", "2"),
}


@pytest.mark.parametrize("header", NOISE_HEADERS)
@pytest.mark.parametrize("name", MAIN)
async def test_no_value_of_any_other_header_matters(
    proxy: Proxy, upstream: ScriptedUpstream, name: str, header: str
) -> None:
    one, other = NOISE_HEADERS[header]
    dialect = DIALECTS[name]
    assert verdict(await dialect.ask(proxy, "Hello", {header: one})) == "stored"
    assert verdict(await dialect.ask(proxy, "Hello", {header: other})) == "hit"
    assert verdict(await dialect.ask(proxy, "Hello")) == "hit"
    assert len(upstream.calls) == 1
    if header != "Accept-Encoding":
        assert upstream.calls[0].header(header) == one


# who is asking

CREDENTIALS = (
    "Authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "OpenAI-Organization",
    "OpenAI-Project",
    "anthropic-workspace-id",
    "Cookie",
    "Modal-Key",
    "Modal-Secret",
    "X-Auth-Token",
    "X-Access-Token",
    "X-Amz-Security-Token",
    "CF-Access-Client-Id",
    "CF-Access-Client-Secret",
    "CF-Access-Token",
)


@pytest.mark.parametrize("header", CREDENTIALS)
@pytest.mark.parametrize("name", MAIN)
async def test_every_credential_header_parts_the_tenants(proxy: Proxy, name: str, header: str) -> None:
    dialect = DIALECTS[name]
    for value, expected in (("a=1", "stored"), ("a=2", "stored"), ("a=1", "hit"), ("a=2", "hit")):
        # the dialect's own credential is the same throughout, unless it is the one in question
        assert verdict(await dialect.ask(proxy, "Hello", {header: value})) == expected, value
    if header.lower() != dialect.credential.lower():
        assert verdict(await dialect.ask(proxy, "Hello")) == "stored"


async def test_the_same_secret_in_another_header_is_another_tenant(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    chat = DIALECTS["chat"]
    secrets = [{name: "secret"} for name in CREDENTIALS]
    for secret in secrets:
        assert verdict(await chat.ask(proxy, "Hello", secret, who="")) == "stored", secret
    assert verdict(await chat.ask(proxy, "Hello", who="")) == "stored"
    both = {"OpenAI-Organization": "secret", "OpenAI-Project": "secret"}
    assert verdict(await chat.ask(proxy, "Hello", both, who="")) == "stored"
    for secret in secrets:
        assert verdict(await chat.ask(proxy, "Hello", secret, who="")) == "hit", secret
    assert len(upstream.calls) == len(secrets) + 2


@pytest.mark.parametrize("item", ["key", "access_token", "api_key", "token"])
@pytest.mark.parametrize("name", ["generate", "embed", "batch embed", "count"])
async def test_a_credential_in_the_query_parts_the_tenants(
    proxy: Proxy, upstream: ScriptedUpstream, name: str, item: str
) -> None:
    dialect = DIALECTS[name]
    one, other = (f"{dialect.path}?{item}={value}" for value in ("a", "b"))
    for path, expected in ((one, "stored"), (other, "stored"), (one, "hit"), (other, "hit"), (dialect.path, "stored")):
        assert verdict(await dialect.ask(proxy, "Hello", path=path)) == expected, path
    assert [call.target for call in upstream.calls] == [one, other, dialect.path]


async def test_a_key_in_the_query_alone(proxy: Proxy) -> None:
    generate = DIALECTS["generate"]
    for who, expected in (("a", "stored"), ("b", "stored"), ("a", "hit")):
        path = f"{generate.path}?key={who}"
        assert verdict(await generate.ask(proxy, "Hello", who="", path=path)) == expected
        stream = f"{generate.path.replace('generate', 'streamGenerate')}?alt=sse&key={who}"
        assert verdict(await generate.ask(proxy, "Hello", who="", path=stream)) == "hit"


@pytest.mark.parametrize("name", DIALECTS)
async def test_one_tenant_never_gets_the_others_stored_answer(
    proxy: Proxy, upstream: ScriptedUpstream, name: str
) -> None:
    dialect = DIALECTS[name]
    for who, expected in (("ann", "stored"), ("ann", "hit"), ("bob", "stored"), ("bob", "hit"), ("ann", "hit")):
        assert verdict(await dialect.ask(proxy, "Hello", who=who)) == expected, who
    assert [call.credential for call in upstream.calls] == ["ann", "bob"]


@pytest.mark.parametrize("name", DIALECTS)
async def test_one_tenant_never_follows_the_others_flight(proxy: Proxy, upstream: ScriptedUpstream, name: str) -> None:
    dialect = DIALECTS[name]
    who = ("ann", "bob", "ann", "bob")
    answers = await asyncio.gather(*(dialect.ask(proxy, "[[delay=0.3]] Hello", who=asker) for asker in who))
    assert sorted(call.credential for call in upstream.calls) == ["ann", "bob"]
    by_tenant = [
        sorted(verdict(answer) for answer, asker in zip(answers, who, strict=True) if asker == one) for one in who[:2]
    ]
    assert by_tenant == [["collapsed", "stored"]] * 2


@pytest.fixture
async def judging(serve: Serve, upstream: ScriptedUpstream) -> Proxy:
    """With the embedder that knows what sentences mean."""
    text = one_backend(upstream).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"')
    running: Proxy = await serve(text)
    return running


@pytest.mark.parametrize("name", [name for name, dialect in DIALECTS.items() if dialect.semantic])
async def test_one_tenant_never_gets_the_others_answer_to_a_like_question(
    judging: Proxy, upstream: ScriptedUpstream, name: str
) -> None:
    dialect = DIALECTS[name]
    assert verdict(await dialect.ask(judging, "How do I reverse a list in Python?")) == "stored"
    like = "How can I reverse a list in Python?"
    assert verdict(await dialect.ask(judging, like, who="bob")) == "stored"
    # it is like enough: the tenant alone kept them apart
    assert verdict(await dialect.ask(judging, like)) == "semantic"
    assert [call.credential for call in upstream.calls] == ["ann", "bob"]


async def test_the_subscription_key_of_azures_api_management_parts_the_tenants(proxy: Proxy) -> None:
    azure, header = DIALECTS["azure"], "Ocp-Apim-Subscription-Key"
    for value in ("a", "b"):
        assert verdict(await azure.ask(proxy, "Hello", {header: value}, who="")) == "stored", value


# do these tests notice?


@pytest.fixture
def fresh_names() -> Iterator[None]:
    """What the proxy remembers of header names is forgotten before and after."""
    remembered = (headers._of_interest, headers._is_credential)
    for known in remembered:
        known.cache_clear()
    yield
    for known in remembered:
        known.cache_clear()


@pytest.mark.parametrize("header", KEY_HEADERS)
async def test_they_notice_a_header_that_is_gone_from_the_key(
    proxy: Proxy, fresh_names: None, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    low = header.lower()
    monkeypatch.setattr(headers, "_KEY_HEADERS", headers._KEY_HEADERS - {low})
    monkeypatch.setattr(headers, "_NAMES_OF_INTEREST", headers._NAMES_OF_INTEREST - {low})
    if low.startswith(headers._KEY_PREFIX):
        monkeypatch.setattr(headers, "_KEY_PREFIX", "x-amzn-nothing-")
    with pytest.raises(AssertionError, match=re.escape(KEY_HEADERS[header][1])):
        await test_another_value_of_a_key_header_is_a_miss(proxy, "chat", header)


@pytest.mark.parametrize("header", CREDENTIALS)
async def test_they_notice_a_credential_that_no_longer_counts(
    proxy: Proxy, fresh_names: None, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    low = header.lower()
    monkeypatch.setattr(headers, "_CREDENTIAL_SET", headers._CREDENTIAL_SET - {low})
    monkeypatch.setattr(headers, "_CREDENTIAL_WORDS", ())
    monkeypatch.setattr(headers, "_NAMES_OF_INTEREST", headers._NAMES_OF_INTEREST - {low})
    with pytest.raises(AssertionError, match="a=2"):
        await test_every_credential_header_parts_the_tenants(proxy, "chat", header)


@pytest.mark.parametrize("header", NOISE_HEADERS)
async def test_they_notice_noise_that_got_into_the_key(
    proxy: Proxy,
    upstream: ScriptedUpstream,
    fresh_names: None,
    monkeypatch: pytest.MonkeyPatch,
    header: str,
) -> None:
    low = header.lower()
    monkeypatch.setattr(headers, "_KEY_HEADERS", headers._KEY_HEADERS | {low})
    monkeypatch.setattr(headers, "_NAMES_OF_INTEREST", headers._NAMES_OF_INTEREST | {low})
    with pytest.raises(AssertionError, match="hit"):
        await test_no_value_of_any_other_header_matters(proxy, upstream, "chat", header)


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("way", ["stored", "in flight", "like"])
async def test_they_notice_tenants_that_are_not_kept_apart(
    judging: Proxy, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    monkeypatch.setattr(headers, "_tenant", lambda credentials: "everybody")
    test = {
        "stored": test_one_tenant_never_gets_the_others_stored_answer,
        "in flight": test_one_tenant_never_follows_the_others_flight,
        "like": test_one_tenant_never_gets_the_others_answer_to_a_like_question,
    }[way]
    with pytest.raises(AssertionError, match="bob" if way != "like" else "semantic"):
        await test(judging, upstream, name)


async def test_they_notice_an_order_of_query_items_that_matters(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_sorted_query", lambda target: target)
    with pytest.raises(AssertionError, match="beta=true&api-version=1"):
        await test_every_query_item_is_in_the_key_and_their_order_is_not(proxy, "chat")


async def test_they_notice_a_query_that_is_not_in_the_key(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_sorted_query", lambda target: target.partition("?")[0])
    with pytest.raises(AssertionError, match="beta=true"):
        await test_every_query_item_is_in_the_key_and_their_order_is_not(proxy, "chat")


async def test_they_notice_a_key_in_the_query_that_no_longer_counts(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headers, "QUERY_CREDENTIALS", frozenset())
    with pytest.raises(AssertionError):
        await test_a_key_in_the_query_alone(proxy)


# query and path


@pytest.mark.parametrize("name", DIALECTS)
async def test_every_query_item_is_in_the_key_and_their_order_is_not(proxy: Proxy, name: str) -> None:
    dialect = DIALECTS[name]
    path, _, query = dialect.path.partition("?")

    def target(*items: str) -> str:
        return f"{path}?{'&'.join([*([query] if query else []), *items])}"

    asked = [
        (dialect.path, "stored"),
        (target("beta=true"), "stored"),
        (target("beta=false"), "stored"),
        (target("api-version=1"), "stored"),
        (target("api-version=1", "beta=true"), "stored"),
        (target("beta=true", "api-version=1"), "hit"),
        (target("beta=true"), "hit"),
        (dialect.path, "hit"),
    ]
    for at, expected in asked:
        assert verdict(await dialect.ask(proxy, "Hello", path=at)) == expected, at


async def test_azures_version_and_deployment(proxy: Proxy) -> None:
    azure = DIALECTS["azure"]
    paths = [
        f"/openai/deployments/{deployment}/chat/completions?api-version={version}"
        for deployment in ("d", "e")
        for version in ("2026-01-01", "2026-02-01", "2026-02-01-preview")
    ]
    for expected in ("stored", "hit"):
        for path in paths:
            assert verdict(await azure.ask(proxy, "Hello", path=path)) == expected, path


async def test_the_path_is_in_the_key(proxy: Proxy) -> None:
    chat, generate = DIALECTS["chat"], DIALECTS["generate"]
    for expected in ("stored", "hit"):
        for path in ("/v1/chat/completions", "/openai/v1/chat/completions"):
            assert verdict(await chat.ask(proxy, "Hello", path=path)) == expected, path
        for version in ("v1", "v1beta", "v1alpha"):
            for model in ("m", "n"):
                path = f"/{version}/models/{model}:generateContent"
                assert verdict(await generate.ask(proxy, "Hello", path=path)) == expected, path


# our own headers


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Halfpenny-Cache", "exact"),
        ("Halfpenny-Cache", "semantic"),
        ("Halfpenny-Max-False-Hit-Rate", "0.001"),
        ("Halfpenny-Deadline", "24h"),
        ("Halfpenny-Tags", "team=a, app=b"),
        ("Cache-Control", "max-age=3600"),
        ("Cache-Control", "only-if-cached"),
    ],
)
@pytest.mark.parametrize("name", MAIN)
async def test_a_wish_that_an_exact_hit_fulfils_is_not_in_the_key(
    proxy: Proxy, upstream: ScriptedUpstream, name: str, header: str, value: str
) -> None:
    dialect = DIALECTS[name]
    assert verdict(await dialect.ask(proxy, "Hello")) == "stored"
    assert verdict(await dialect.ask(proxy, "Hello", {header: value})) == "hit"
    if value != "only-if-cached":
        assert verdict(await dialect.ask(proxy, "Hello again", {header: value})) == "stored"
        assert verdict(await dialect.ask(proxy, "Hello again")) == "hit"
        assert upstream.calls[1].header(header) is None


@pytest.mark.parametrize("header", ["Halfpenny-Model", "Halfpenny-Route"])
@pytest.mark.parametrize("name", MAIN)
async def test_a_pin_is_in_the_key(proxy: Proxy, upstream: ScriptedUpstream, name: str, header: str) -> None:
    dialect = DIALECTS[name]
    for value, expected in (("", "stored"), ("a", "stored"), ("b", "stored"), ("a", "hit"), ("", "hit")):
        pin = {header: value} if value else {}
        assert verdict(await dialect.ask(proxy, "Hello", pin)) == expected, value
    assert {call.header(header) for call in upstream.calls} == {None}


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Halfpenny-Cache", "off", "halfpenny; fwd=bypass; detail=request"),
        ("Cache-Control", "no-store", "halfpenny; fwd=bypass; detail=no-store"),
    ],
)
@pytest.mark.parametrize("name", DIALECTS)
async def test_a_wish_not_to_be_cached_neither_reads_nor_stores(
    proxy: Proxy, upstream: ScriptedUpstream, name: str, header: str, value: str, status: str
) -> None:
    dialect = DIALECTS[name]
    assert verdict(await dialect.ask(proxy, "Hello", {header: value})) == status
    assert verdict(await dialect.ask(proxy, "Hello")) == "stored"
    assert verdict(await dialect.ask(proxy, "Hello", {header: value})) == status
    assert len(upstream.calls) == 3
    assert {call.header(header) for call in upstream.calls} == {None}


@pytest.mark.parametrize("name", DIALECTS)
async def test_a_wish_for_a_fresh_answer_refreshes_the_entry_of_the_same_key(
    proxy: Proxy, upstream: ScriptedUpstream, name: str
) -> None:
    dialect = DIALECTS[name]
    assert verdict(await dialect.ask(proxy, "Hello")) == "stored"
    fresh = await dialect.ask(proxy, "Hello", {"Cache-Control": "no-cache"})
    assert verdict(fresh) == "halfpenny; fwd=request; stored"
    assert verdict(await dialect.ask(proxy, "Hello")) == "hit"
    assert len(upstream.calls) == 2


@pytest.mark.parametrize("name", DIALECTS)
async def test_only_if_cached_never_calls_upstream(proxy: Proxy, upstream: ScriptedUpstream, name: str) -> None:
    answer = await DIALECTS[name].ask(proxy, "Hello", {"Cache-Control": "only-if-cached"})
    assert answer.status == 504
    assert upstream.calls == []
