"""Every field of Anthropic's requests, walked from the official SDK's types: is it in the cache key?

The tables below are reviewed by hand; `key_walk` says what the words in them mean. `cache_control` may stand on nearly
every block and tool: every place where the SDK's types have one is walked as well.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import anthropic
import httpx2
import pytest
import typing_extensions
from anthropic.types import message_count_tokens_params, message_create_params
from anthropic.types.beta import message_count_tokens_params as beta_count_tokens_params
from anthropic.types.beta import message_create_params as beta_create_params
from anthropic.types.beta.beta_tool_union_param import BetaToolUnionParam
from anthropic.types.tool_union_param import ToolUnionParam

from tests.unit.proxy import key_walk
from tests.unit.proxy.key_walk import Walk, asked, header, key, key_of, noise, stateful

MARKER = {"type": "ephemeral"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
SERVER = {"type": "url", "name": "s", "url": "https://example.com/mcp"}
SPOKEN = [{"role": "user", "content": "Hello"}]
COUNTED = {
    "model": key("other"),
    "messages": key(
        [{"role": "user", "content": "Hello?"}],
        [{"role": "assistant", "content": "Hello"}],
        [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hel"}],
    ),
    "system": key("s", [{"type": "text", "text": "s"}]),
    "output_config": key({"effort": "low"}, {"effort": "high"}, {"format": {"type": "json_schema", "schema": {}}}),
    "thinking": key({"type": "disabled"}, {"type": "enabled", "budget_tokens": 2000}),
    "tool_choice": key({"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "f"}),
    "tools": key([TOOL], [TOOL, {**TOOL, "name": "g"}], [{**TOOL, "input_schema": {}}]),
    "cache_control": noise(MARKER, {**MARKER, "ttl": "1h"}),
    "speed": noise("standard", "fast"),
    # beta
    "compaction": key({"type": "a"}, {"type": "b"}),
    "context_management": key({"edits": []}, {"edits": [{"type": "clear_tool_uses_20250919"}]}),
    "mcp_servers": stateful([SERVER], [{**SERVER, "name": "t"}]),
    "billing_policy": noise({"type": "a"}, {"type": "b"}),
    # arguments of the SDK that leave as headers; tests/integration/test_key_headers.py has those
    "betas": header(["a-2025-01-01"]),
    "user_profile_id": header("uprof_1"),
    "workspace_id": header("wrkspc_1"),
}
SENT_AS = {
    "betas": "anthropic-beta",
    "user_profile_id": "anthropic-user-profile-id",
    "workspace_id": "anthropic-workspace-id",
}
OF_MESSAGES_ALONE = {
    "max_tokens": key(2, 3),
    "stop_sequences": key(["a"], ["a", "b"], []),
    "container": stateful("container_1", {"id": "container_1"}),
    "thread": stateful({"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}),
    # where it is worked on is a promise: never served from elsewhere
    "inference_geo": key("eu", "us"),
    "fallbacks": key([{"model": "a"}], [{"model": "b"}], "default"),
    "stream": noise(True, False),
    "metadata": noise({"user_id": "ann"}, {"user_id": "bob"}),
    "service_tier": noise("auto", "standard_only"),
    "diagnostics": noise({"previous_message_id": "msg_1"}, {"previous_message_id": None}),
    "fallback_credit_token": noise("a", "b"),
    # gone from the SDK's 2.x, sent by 0.x
    "temperature": key(0, 0.5, 1),
    "top_k": key(1, 2),
    "top_p": key(0.1, 0.9),
    "output_format": key({"type": "json_schema", "schema": {}}, {"type": "json_schema", "schema": {"type": "object"}}),
}
WALKS = {
    "messages": Walk(
        path="/v1/messages",
        module="anthropic_request",
        params=(
            message_create_params.MessageCreateParamsNonStreaming,
            message_create_params.MessageCreateParamsStreaming,
            beta_create_params.MessageCreateParamsNonStreaming,
            beta_create_params.MessageCreateParamsStreaming,
        ),
        body={"model": "m", "max_tokens": 1, "messages": SPOKEN},
        text="messages",
        others=("user_profile_id",),
        old=("temperature", "top_k", "top_p", "output_format"),
        fields={**COUNTED, **OF_MESSAGES_ALONE},
    ),
    "count_tokens": Walk(
        path="/v1/messages/count_tokens",
        module="anthropic_request",
        params=(
            message_count_tokens_params.MessageCountTokensParams,
            beta_count_tokens_params.MessageCountTokensParams,
        ),
        body={"model": "m", "messages": SPOKEN},
        others=(
            "user_profile_id",
            *(field for field, entry in OF_MESSAGES_ALONE.items() if entry.kind == "noise"),
        ),
        fields=COUNTED,
    ),
}
NAMES = sorted(WALKS)
OWN_TOOLS = {
    "custom",
    "bash_20241022",
    "bash_20250124",
    "browser_toolset_20260801",
    "computer_20241022",
    "computer_20250124",
    "computer_20251124",
    "computer_toolset_20260801",
    "memory_20250818",
    "text_editor_20241022",
    "text_editor_20250124",
    "text_editor_20250429",
    "text_editor_20250728",
    # run by the provider, but over the request's own tools: a function of the request
    "tool_search_tool_bm25",
    "tool_search_tool_bm25_20251119",
    "tool_search_tool_regex",
    "tool_search_tool_regex_20251119",
}
HOSTED_TOOLS = {
    "advisor_20260301",
    "code_execution_20250522",
    "code_execution_20250825",
    "code_execution_20260120",
    "code_execution_20260521",
    "mcp_toolset",
    "web_fetch_20250910",
    "web_fetch_20260209",
    "web_fetch_20260309",
    "web_fetch_20260318",
    "web_search_20250305",
    "web_search_20260209",
    "web_search_20260318",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_the_sdk_is_in_the_table(name: str) -> None:
    walk = WALKS[name]
    known = {field for params in walk.params for field in get_type_hints(params)}
    key_walk.check_reviewed(name, walk.fields, known, walk.old)


def test_a_field_that_the_table_does_not_know_fails_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {field: entry for field, entry in COUNTED.items() if field not in ("thinking", "billing_policy")}
    monkeypatch.setitem(WALKS, "count_tokens", dataclasses.replace(WALKS["count_tokens"], fields=fields))
    with pytest.raises(AssertionError, match="count_tokens: nobody has reviewed billing_policy, thinking"):
        test_every_field_of_the_sdk_is_in_the_table("count_tokens")


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_what_the_table_says(name: str) -> None:
    key_walk.check_walk(WALKS[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_noise_is_that_of_the_table_and_no_more(name: str) -> None:
    key_walk.check_noise(WALKS[name])


@pytest.mark.parametrize(("name", "field"), key_walk.losses(WALKS))
def test_the_walk_notices_a_field_that_is_gone_from_the_key(
    name: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_walk.check_a_loss(WALKS[name], field, monkeypatch)


@pytest.mark.parametrize(("name", "field"), key_walk.gains(WALKS))
def test_the_walk_notices_noise_that_got_into_the_key(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key_walk.check_a_gain(WALKS[name], field, monkeypatch)


def test_what_is_in_the_key_parts_the_neighbours_too() -> None:
    key_walk.check_partition(WALKS["messages"])


def test_max_tokens_0_warms_a_cache_and_is_never_stored() -> None:
    walk = WALKS["messages"]
    assert asked(walk, {**walk.body, "max_tokens": 0}).stateful == "max_tokens 0"


@pytest.mark.parametrize("field", sorted(set(WALKS["messages"].fields) - set(WALKS["messages"].old)))
def test_the_sdk_sends_each_field_where_the_table_has_it(field: str) -> None:
    entry = WALKS["messages"].fields[field]
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json={})

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as transport,
        anthropic.Anthropic(api_key="k", http_client=transport) as client,
    ):
        client.beta.messages.with_raw_response.create(**{**WALKS["messages"].body, field: entry.values[0]})
    body = json.loads(sent[0].content)
    if entry.kind == "header":
        value = entry.values[0]
        assert sent[0].headers[SENT_AS[field]] == (value if isinstance(value, str) else ",".join(value))
        assert field not in body
    else:
        assert body[field] == entry.values[0]


# tools that see the world


def literals(hint: Any) -> set[str]:
    """The strings that a type hint allows, `None` left out."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {value for argument in get_args(hint) for value in literals(argument)}


def test_every_tool_of_the_sdk_is_reviewed() -> None:
    unions = (*get_args(ToolUnionParam), *get_args(BetaToolUnionParam))
    known = {value for tool in unions for value in literals(get_type_hints(tool)["type"])}
    key_walk.check_reviewed("tools", OWN_TOOLS | HOSTED_TOOLS, known)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
@pytest.mark.parametrize("kind", sorted(OWN_TOOLS | HOSTED_TOOLS | {"weather_20270101"}))
def test_an_answer_that_a_hosted_tool_may_have_shaped_is_not_stored(kind: str, path: str) -> None:
    walk = WALKS["messages" if path == "/v1/messages" else "count_tokens"]
    found = asked(walk, {**walk.body, "tools": [TOOL, {"type": kind, "name": "t"}]})
    assert found.stateful == ("" if kind in OWN_TOOLS else "hosted tool")


HOSTED = {"type": "web_search_20260318", "name": "web_search"}
ADDED = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": HOSTED}}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "system", "content": [ADDED]},
        {"role": "user", "content": [ADDED]},
        {"role": "assistant", "content": [{"type": "compaction", "content": "c", "tool_changes": [ADDED]}]},
    ],
)
def test_a_hosted_tool_that_comes_in_a_message_is_one_too(message: dict[str, Any]) -> None:
    """Beta inline-tools-2026-09-15: the definition is 'the same object a `tools` entry holds'."""
    walk = WALKS["messages"]
    assert asked(walk, {**walk.body, "messages": [message, *SPOKEN]}).stateful == "hosted tool"


def test_a_tool_of_the_caller_that_comes_in_a_message_may_be_stored() -> None:
    walk = WALKS["messages"]
    added = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": TOOL}}
    found = asked(walk, {**walk.body, "messages": [{"role": "system", "content": [added]}, *SPOKEN]})
    assert found.stateful == ""
    assert found.exact_only


# what is remote

REMOTE = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}


@pytest.mark.parametrize(
    "block",
    [
        REMOTE,
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": "tool_result", "tool_use_id": "t", "content": [REMOTE]},
        {
            "type": "web_fetch_tool_result",
            "tool_use_id": "t",
            "content": {"type": "web_fetch_result", "url": "https://example.com/a.pdf", "content": REMOTE},
        },
    ],
    ids=lambda block: block["type"],
)
def test_what_is_named_by_its_address_is_not_stored(block: dict[str, Any]) -> None:
    walk = WALKS["messages"]
    messages = [{"role": "user", "content": [block, {"type": "text", "text": "Hello"}]}]
    assert asked(walk, {**walk.body, "messages": messages}).stateful


# cache_control, at every depth

STAYS_IN_THE_KEY = (
    "messages/web_fetch_tool_result/content/web_fetch_result/",
    "messages/mcp_tool_result/content/",
    "messages/tool_search_tool_result/content/",
    "messages/tool_addition/tool/",
    "messages/compaction/tool_changes/",
)
"""Where a marker is not taken out: there it can only cost a hit."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A place where the SDK's types have `cache_control`. `steps` lead there from the body: (field, whether it is a
    list, the `type` of the object in it)."""

    steps: tuple[tuple[str, bool, str], ...]

    @property
    def name(self) -> str:
        said = [part for field, _, kind in self.steps for part in (field, kind) if part]
        return "/".join(said).replace("messages/content/", "messages/")

    def body(self, base: dict[str, Any], *, marked: bool) -> dict[str, Any]:
        inner: Any = {"cache_control": MARKER} if marked else {}
        for field, is_list, kind in reversed(self.steps):
            inner = {"type": kind, **inner} if kind else {"role": "user", **inner} if field == "messages" else inner
            inner = {field: [inner] if is_list else inner}
        return {**base, **inner}


def bare(hint: Any) -> Any:
    """A type hint without its qualifiers."""
    while get_origin(hint) in (typing.Required, typing.NotRequired, typing.Annotated):
        hint = get_args(hint)[0]
    return hint


def objects(hint: Any, *, in_list: bool = False) -> Iterator[tuple[Any, bool]]:
    """(TypedDict, whether in a list) for every object that a type hint allows."""
    hint = bare(hint)
    origin = get_origin(hint)
    if typing_extensions.is_typeddict(hint):
        yield hint, in_list
    elif origin in (Union, types.UnionType):
        for argument in get_args(hint):
            yield from objects(argument, in_list=in_list)
    elif origin not in (None, Literal, dict) and len(get_args(hint)) == 1:
        yield from objects(get_args(hint)[0], in_list=True)


def places(params: Any, steps: tuple[tuple[str, bool, str], ...] = (), seen: tuple[Any, ...] = ()) -> Iterator[Place]:
    hints = get_type_hints(params)
    if steps and "cache_control" in hints:
        yield Place(steps)
    for field, hint in hints.items():
        for inner, in_list in objects(hint):
            if field == "cache_control" or inner in seen:
                continue
            kinds = sorted(literals(get_type_hints(inner).get("type"))) or [""]
            yield from places(inner, (*steps, (field, in_list, kinds[0])), (*seen, inner))


PLACES = {
    place.name: place
    for params in (WALKS["messages"].params[0], WALKS["messages"].params[2])
    for place in places(params)
}


def test_the_places_are_found() -> None:
    assert len(PLACES) > 100
    assert {"system/text", "tools/custom", "messages/tool_result/content/document/source/content/content/text"} <= set(
        PLACES
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_marker_is_noise_wherever_the_sdk_has_one(name: str) -> None:
    walk = WALKS[name]

    def differs(place: Place) -> bool:
        return len({key_of(walk, asked(walk, place.body(walk.body, marked=marked))) for marked in (True, False)}) == 2

    in_key = {said for said, place in PLACES.items() if differs(place)}
    expected = {said for said in PLACES if said.startswith(STAYS_IN_THE_KEY)}
    assert in_key - expected == set(), "markers in the key"
    assert expected - in_key == set(), "no longer in the key: take them from the table"
    for prefix in STAYS_IN_THE_KEY:
        assert any(said.startswith(prefix) for said in PLACES), f"the SDK no longer has {prefix}"


def test_a_walk_with_markers_in_the_key_would_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halfpenny.proxy.surfaces.anthropic_request.without_markers", lambda document: document)
    with pytest.raises(AssertionError, match="markers in the key"):
        test_a_marker_is_noise_wherever_the_sdk_has_one("messages")


def test_markers_that_move_on_do_not_matter() -> None:
    walk = WALKS["messages"]

    def marked(*at: int) -> dict[str, Any]:
        texts = [{"type": "text", "text": word} for word in ("a", "b", "c")]
        blocks = [{**text, "cache_control": MARKER} if i in at else text for i, text in enumerate(texts)]
        roles = ("user", "assistant", "user")
        said = [{"role": role, "content": [block]} for role, block in zip(roles, blocks, strict=True)]
        return {**walk.body, "messages": said}

    assert len({key_of(walk, asked(walk, marked(*at))) for at in ((), (0,), (2,), (0, 1, 2))}) == 1


def used(kind: str) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": [{"type": kind, "id": "t", "name": "f", "input": {}}]}]}


def worded(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}


def resulted(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": text}]}]}


DATA = {"cache_control": MARKER}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        pytest.param(used("tool_use"), "messages.0.content.0.input", DATA, id="tool input"),
        pytest.param(used("server_tool_use"), "messages.0.content.0.input", DATA, id="hosted tool input"),
        pytest.param(used("tool_use"), "messages.0.content.0.input", {"content": [DATA]}, id="deep tool input"),
        pytest.param({"tools": [TOOL]}, "tools.0.input_schema.properties", DATA, id="schema"),
        pytest.param({"tools": [TOOL]}, "tools.0.input_examples", [DATA], id="example"),
        pytest.param({}, "output_config.format", {"type": "json_schema", "schema": DATA}, id="output schema"),
        pytest.param(worded("{}"), "messages.0.content.0.text", json.dumps(DATA), id="text"),
        pytest.param(resulted("{}"), "messages.0.content.0.content", json.dumps(DATA), id="result"),
    ],
)
def test_a_marker_that_is_the_callers_own_data_is_in_the_key(
    name: str, fields: dict[str, Any], path: str, value: Any
) -> None:
    """Against the same without it, and against the same with another value of it."""
    walk = WALKS[name]
    plain = {**walk.body, **fields}
    other = json.loads(json.dumps(value).replace("ephemeral", "lasting"))
    assert other != value
    bodies = (plain, key_walk.put(plain, path, value), key_walk.put(plain, path, other))
    assert len({key_of(walk, asked(walk, body)) for body in bodies}) == 3
