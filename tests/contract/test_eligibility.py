"""Which requests similarity may be asked for, and which of them may share an answer: a table for every surface.

`docs/semantic-cache.md` states the rules. A case changes some fields of a plain question; what it may share with is told
by the digests that the pipeline makes (`partition_key`), with the same tenant and path.
"""

import copy
import json
from typing import Any

import pytest

from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.base import STRUCTURED, Ask
from halfpenny.semantic_cache.key import partition_key

LOADED = load_surfaces()
TARGETS = {
    "chat": "/v1/chat/completions",
    "azure": "/openai/deployments/d/chat/completions?api-version=1",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "gemini": "/v1beta/models/m:generateContent",
}
ASKED = "How do I block my card?"
OTHER = "What is the way to block a card?"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"name": "f", "parameters": SCHEMA}
Document = dict[str, Any]


def user(text: Any) -> Document:
    return {"role": "user", "content": text}


def said(text: Any) -> Document:
    return {"role": "assistant", "content": text}


def turn(text: str, role: str = "user") -> Document:
    return {"role": role, "parts": [{"text": text}]}


def question(surface: str, asked: Any, /, *earlier: Any, **fields: Any) -> Document:
    """A plain request; `earlier` are turns in the form of the surface."""
    if surface == "gemini":
        contents = [*earlier, turn(asked) if isinstance(asked, str) else {"role": "user", "parts": asked}]
        return {"contents": contents, **fields}
    messages = [*earlier, user(asked)]
    if surface == "responses":
        return {"model": "m", "store": False, "input": messages, **fields}
    return {"model": "m", "max_tokens": 99, "messages": messages, **fields}


def read(surface: str, document: Document) -> Ask:
    found = LOADED.find(TARGETS[surface])
    assert found is not None
    before = copy.deepcopy(document)
    ask = found.read(json.dumps(document).encode(), TARGETS[surface])
    assert document == before
    return ask


def partition(ask: Ask) -> str:
    assert ask.frame is not None, ask.exact_only
    return partition_key((b"tenant",), ask.frame, ask.noise, ask.end_user)


def namespace(ask: Ask) -> str:
    assert ask.namespace is not None, ask.exact_only
    return partition_key((b"tenant",), ask.namespace, ask.noise, "")


CHATTY = ("chat", "azure")
SURFACES = sorted(TARGETS)

# what is never semantic: the surface, the request

_TOOLS = {"tools": [{"type": "function", "function": FUNCTION}]}
_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def never_chat(surface: str) -> list[tuple[str, Document]]:
    def ask(asked: Any = ASKED, /, *earlier: Any, **fields: Any) -> Document:
        return question(surface, asked, *earlier, **fields)

    called = {"role": "assistant", "content": None, "tool_calls": [_CALL]}
    result = {"role": "tool", "tool_call_id": "c", "content": "42"}
    return [
        ("tools", ask(**_TOOLS)),
        ("functions", ask(functions=[FUNCTION])),
        ("earlier tool call", ask(ASKED, user("x"), called, result, said("y"))),
        ("earlier tool result alone", ask(ASKED, user("x"), result, said("y"))),
        ("earlier function call", ask(ASKED, user("x"), {"role": "assistant", "function_call": {"name": "f"}})),
        ("last is a tool result", {**ask(), "messages": [user("x"), called, result]}),
        ("last is the assistant's", {**ask(), "messages": [user("x"), said("y")]}),
        ("last is the system's", {**ask(), "messages": [user("x"), {"role": "system", "content": "y"}]}),
        ("json object", ask(response_format={"type": "json_object"})),
        ("json schema", ask(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}})),
        ("guided json", ask(guided_json=SCHEMA)),
        ("image", ask([{"type": "text", "text": "What is it?"}, _IMAGE])),
        ("earlier image", ask(ASKED, user([_IMAGE]), said("a cat"))),
        ("file", ask([{"type": "file", "file": {"file_data": "data:x"}}])),
        ("audio", ask([{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}])),
        ("audio wanted", ask(modalities=["text", "audio"], audio={"voice": "v", "format": "mp3"})),
        ("a part that says more", ask([{"type": "text", "text": ASKED, "weight": 2}])),
        ("a refusal as a part", ask([{"type": "text", "text": ASKED}, {"type": "refusal", "refusal": "x"}])),
        ("a part without its text", ask([{"type": "text"}])),
        ("n", ask(n=2)),
        ("logprobs", ask(logprobs=True)),
        ("top_logprobs", ask(logprobs=True, top_logprobs=2)),
        ("prompt_logprobs", ask(prompt_logprobs=1)),
        ("token ids", ask(return_token_ids=True)),
        ("echo", ask(echo=True)),
        ("seed", ask(seed=7)),
        ("seed 0", ask(seed=0)),
        ("logit_bias", ask(logit_bias={"50256": -100})),
        ("prediction", ask(prediction={"type": "content", "content": "x"})),
        ("web search", ask(web_search_options={})),
        *((name, ask(text)) for name, text in UNFIT),
    ]


UNFIT: list[tuple[str, Any]] = [
    ("empty", ""),
    ("blank", " \n\t "),
    ("too long", "word " * 300),
    ("huge", "x" * 300_000),
    ("too many tokens of Chinese", "漢" * 400),
    ("too many tokens of Russian", "привет " * 60),
    ("too many tokens of digits", "1 " * 300),
    ("code", "What does it do?\n```\nx = 1\n```"),
]


def never_responses() -> list[tuple[str, Document]]:
    def ask(asked: Any = ASKED, /, *earlier: Any, **fields: Any) -> Document:
        return question("responses", asked, *earlier, **fields)

    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c", "output": "42"}
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
    return [
        ("tools", ask(tools=[{"type": "function", **FUNCTION}])),
        ("earlier tool call", ask(ASKED, user("x"), call, result, said("y"))),
        ("last is a tool result", {**ask(), "input": [user("x"), call, result]}),
        ("last is the assistant's", {**ask(), "input": [user("x"), said("y")]}),
        ("no input", {**ask(), "input": []}),
        ("json schema", ask(text={"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}})),
        ("json object", ask(text={"format": {"type": "json_object"}})),
        ("image", ask([{"type": "input_text", "text": "What is it?"}, image])),
        ("file", ask([{"type": "input_file", "file_data": "data:x"}])),
        ("a part that says more", ask([{"type": "input_text", "text": ASKED, "annotations": ["x"]}])),
        ("a stored prompt", ask(prompt={"id": "p", "version": "1"})),
        ("include", ask(include=["message.output_text.logprobs"])),
        ("top_logprobs", ask(top_logprobs=3)),
        ("seed", ask(seed=7)),
        ("seed 0", ask(seed=0)),
        ("logit_bias", ask(logit_bias={"5": 1})),
        *((name, ask(text)) for name, text in UNFIT),
    ]


def never_messages() -> list[tuple[str, Document]]:
    def ask(asked: Any = ASKED, /, *earlier: Any, **fields: Any) -> Document:
        return question("messages", asked, *earlier, **fields)

    call = said([{"type": "tool_use", "id": "t", "name": "f", "input": {}}])
    result = user([{"type": "tool_result", "tool_use_id": "t", "content": "42"}])
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    return [
        ("tools", ask(tools=[{"name": "f", "input_schema": SCHEMA}])),
        ("earlier tool call", ask(ASKED, user("x"), call, result, said("y"))),
        ("last is a tool result", {**ask(), "messages": [user("x"), call, result]}),
        ("last is the assistant's", {**ask(), "messages": [user("x"), said("y")]}),
        ("schema", ask(output_config={"format": {"type": "json_schema", "schema": SCHEMA}})),
        ("schema of the older beta", ask(output_format={"type": "json_schema", "schema": SCHEMA})),
        ("image", ask([{"type": "text", "text": "What is it?"}, image])),
        ("earlier image", ask(ASKED, user([image]), said("a cat"))),
        ("document", ask([{"type": "document", "source": {"type": "text", "data": "x"}}])),
        ("a part that says more", ask([{"type": "text", "text": ASKED, "citations": []}])),
        ("earlier thinking", ask(ASKED, user("x"), said([{"type": "thinking", "thinking": "h", "signature": "s"}]))),
        *((name, ask(text)) for name, text in UNFIT),
    ]


def never_gemini() -> list[tuple[str, Document]]:
    def ask(asked: Any = ASKED, /, *earlier: Any, **fields: Any) -> Document:
        return question("gemini", asked, *earlier, **fields)

    call = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
    result = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}}}]}
    blob = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    config: list[tuple[str, Document]] = [
        ("schema", {"responseMimeType": "application/json", "responseSchema": SCHEMA}),
        ("schema in snake case", {"response_mime_type": "application/json"}),
        ("candidates", {"candidateCount": 2}),
        ("logprobs", {"responseLogprobs": True}),
        ("seed", {"seed": 7}),
        ("seed 0", {"seed": 0}),
        ("image wanted", {"responseModalities": ["IMAGE"]}),
        ("speech", {"speechConfig": {"languageCode": "en"}}),
    ]
    return [
        ("tools", ask(tools=[{"functionDeclarations": [FUNCTION]}])),
        ("earlier tool call", ask(ASKED, turn("x"), call, result)),
        ("last is a tool result", {"contents": [turn("x"), call, result]}),
        ("last is the model's", {"contents": [turn("x"), turn("y", "model")]}),
        ("image", ask([{"text": "What is it?"}, blob])),
        ("image in snake case", ask([{"text": "?"}, {"inline_data": {"mime_type": "image/png", "data": "AA=="}}])),
        ("a part that says more", ask([{"text": ASKED, "videoMetadata": {}}])),
        *((name, ask(generationConfig=fields)) for name, fields in config),
        *((name, ask(text)) for name, text in UNFIT),
    ]


NEVER = [
    *((surface, name, body) for surface in CHATTY for name, body in never_chat(surface)),
    *(("responses", name, body) for name, body in never_responses()),
    *(("messages", name, body) for name, body in never_messages()),
    *(("gemini", name, body) for name, body in never_gemini()),
]


@pytest.mark.parametrize(("surface", "body"), [(s, b) for s, _, b in NEVER], ids=[f"{s}: {n}" for s, n, _ in NEVER])
def test_never_semantic(surface: str, body: Document) -> None:
    ask = read(surface, body)
    assert ask.exact_only
    assert not ask.may_be_semantic()
    if ask.exact_only == STRUCTURED:
        assert ask.may_be_semantic(structured=True)
        assert ask.wants_schema
    else:
        assert not ask.may_be_semantic(structured=True)
        assert (ask.text, ask.frame, ask.namespace) == ("", None, None)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_plain_question_may_be_semantic(surface: str) -> None:
    ask = read(surface, question(surface, ASKED))
    assert ask.may_be_semantic()
    assert (ask.exact_only, ask.text) == ("", ASKED)


@pytest.mark.parametrize(
    "text", ["Xin chào, tôi muốn hỏi", "Привет! 你好? ¿qué tal?", "a\u0301 e\u0301", "🙂🙃", "\x00 odd"]
)
@pytest.mark.parametrize("surface", SURFACES)
def test_scripts_may_be_mixed(surface: str, text: str) -> None:
    assert read(surface, question(surface, text)).text == text


@pytest.mark.parametrize("target", ["/v1/completions", "/v1/embeddings", "/v1/moderations"])
def test_surfaces_without_turns_are_exact_only(target: str) -> None:
    found = LOADED.find(target)
    assert found is not None
    ask = found.read(json.dumps({"model": "m", "prompt": ASKED, "input": ASKED}).encode(), target)
    assert not ask.may_be_semantic(structured=True)


# a schema, where the operator opted in


STRUCTURED_BY = {
    "chat": {"response_format": {"type": "json_object"}},
    "azure": {"response_format": {"type": "json_object"}},
    "responses": {"text": {"format": {"type": "json_object"}}},
    "messages": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "gemini": {"generationConfig": {"responseMimeType": "application/json"}},
}


@pytest.mark.parametrize("surface", SURFACES)
def test_a_schema_is_shared_only_with_the_same_schema(surface: str) -> None:
    plain = read(surface, question(surface, ASKED))
    formed = read(surface, question(surface, ASKED, **STRUCTURED_BY[surface]))
    again = read(surface, question(surface, OTHER, **STRUCTURED_BY[surface]))
    assert formed.exact_only == STRUCTURED
    assert partition(formed) == partition(again) != partition(plain)
    assert namespace(formed) == namespace(again) != namespace(plain)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_schema_hides_no_other_reason(surface: str) -> None:
    ask = read(surface, question(surface, "word " * 300, **STRUCTURED_BY[surface]))
    assert not ask.may_be_semantic(structured=True)


# who shares with whom


def pair(surface: str, one: Document, other: Document) -> tuple[Ask, Ask]:
    return read(surface, one), read(surface, other)


@pytest.mark.parametrize("surface", SURFACES)
def test_two_wordings_share_a_partition(surface: str) -> None:
    one, other = pair(surface, question(surface, ASKED), question(surface, OTHER))
    assert partition(one) == partition(other)


SYSTEM = {
    "chat": lambda text: {"messages": [{"role": "system", "content": text}, user(ASKED)]},
    "azure": lambda text: {"messages": [{"role": "developer", "content": text}, user(ASKED)]},
    "responses": lambda text: {"instructions": text},
    "messages": lambda text: {"system": text},
    "gemini": lambda text: {"systemInstruction": {"parts": [{"text": text}]}},
}
SAMPLING: dict[str, list[tuple[Document, Document]]] = {
    "chat": [
        ({"temperature": 0}, {"temperature": 1}),
        ({"top_p": 1}, {"top_p": 0.5}),
        ({"max_tokens": 5}, {"max_tokens": 6}),
        ({"stop": ["a"]}, {"stop": ["b"]}),
        ({"tool_choice": "none"}, {"tool_choice": "auto"}),
        ({"frequency_penalty": 0}, {"frequency_penalty": 1}),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "high"}),
        ({"never_heard_of": 1}, {"never_heard_of": 2}),
    ],
    "responses": [
        ({"temperature": 0}, {"temperature": 1}),
        ({"max_output_tokens": 5}, {"max_output_tokens": 6}),
        ({"tool_choice": "none"}, {"tool_choice": "auto"}),
        ({"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "high"}}),
        ({"metadata": {"a": "1"}}, {"metadata": {"a": "2"}}),
        ({"never_heard_of": 1}, {"never_heard_of": 2}),
    ],
    "messages": [
        ({"temperature": 0}, {"temperature": 1}),
        ({"max_tokens": 5}, {"max_tokens": 6}),
        ({"stop_sequences": ["a"]}, {"stop_sequences": ["b"]}),
        ({"tool_choice": {"type": "none"}}, {"tool_choice": {"type": "auto"}}),
        ({"thinking": {"type": "disabled"}}, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ({"never_heard_of": 1}, {"never_heard_of": 2}),
    ],
    "gemini": [
        ({"generationConfig": {"temperature": 0}}, {"generationConfig": {"temperature": 1}}),
        ({"generationConfig": {"maxOutputTokens": 5}}, {"generationConfig": {"maxOutputTokens": 6}}),
        ({"generationConfig": {"stopSequences": ["a"]}}, {"generationConfig": {"stopSequences": ["b"]}}),
        ({"safetySettings": []}, {"safetySettings": [{"category": "c", "threshold": "t"}]}),
        ({"toolConfig": {"a": 1}}, {"toolConfig": {"a": 2}}),
        ({"neverHeardOf": 1}, {"neverHeardOf": 2}),
    ],
}
SAMPLED = [(surface, *fields) for surface, pairs in SAMPLING.items() for fields in pairs]


@pytest.mark.parametrize(("surface", "one", "other"), SAMPLED)
def test_sampling_and_unknown_fields_must_be_equal(surface: str, one: Document, other: Document) -> None:
    first, second = pair(surface, question(surface, ASKED, **one), question(surface, ASKED, **other))
    assert partition(first) != partition(second)


@pytest.mark.parametrize("surface", SURFACES)
def test_the_system_prompt_must_be_byte_identical(surface: str) -> None:
    def under(text: str) -> Ask:
        return read(surface, {**question(surface, ASKED), **SYSTEM[surface](text)})

    assert partition(under("Be brief.")) == partition(under("Be brief."))
    for other in ("Be brief", "be brief.", "Be brief. ", ""):
        assert partition(under("Be brief.")) != partition(under(other)), other
    assert namespace(under("Be brief.")) != namespace(under("Be long."))


def earlier(surface: str, *texts: str) -> list[Document]:
    """Turns of the user and the model by turns."""
    if surface == "gemini":
        return [turn(text, "model" if at % 2 else "user") for at, text in enumerate(texts)]
    return [said(text) if at % 2 else user(text) for at, text in enumerate(texts)]


@pytest.mark.parametrize("surface", SURFACES)
def test_every_earlier_turn_must_be_byte_identical(surface: str) -> None:
    def after(*texts: str) -> Ask:
        return read(surface, question(surface, ASKED, *earlier(surface, *texts)))

    first = after("I have two cards", "Which one?")
    assert partition(first) == partition(after("I have two cards", "Which one?"))
    for other in ((), ("I have two cards", "Which one"), ("I have 2 cards", "Which one?"), ("a", "b", "c", "d")):
        assert partition(first) != partition(after(*other)), other


@pytest.mark.parametrize("surface", SURFACES)
def test_a_namespace_holds_all_conversations_of_an_app(surface: str) -> None:
    def under(text: str, *texts: str, **fields: Any) -> Ask:
        document = question(surface, text, *earlier(surface, *texts), **fields)
        system = SYSTEM[surface]("Be brief.")
        if "messages" in system:
            document["messages"] = [*system["messages"][:1], *document["messages"]]
        else:
            document |= system
        return read(surface, document)

    sampling = SAMPLING["chat" if surface in CHATTY else surface][0][0]
    one, others = under(ASKED), [under(OTHER, "a", "b"), under(OTHER, "c", "d"), under(ASKED, **sampling)]
    assert {namespace(one)} == {namespace(other) for other in others}
    assert len({partition(ask) for ask in (one, *others)}) == 4
    assert ASKED not in json.dumps(one.namespace)
    if surface not in ("gemini", "azure"):  # their model is in the path, which the pipeline adds
        other_model = {**question(surface, ASKED), "model": "m2"}
        assert namespace(read(surface, question(surface, ASKED))) != namespace(read(surface, other_model))


END_USERS: list[tuple[str, Document, Document]] = [
    ("chat", {"user": "a"}, {"user": "b"}),
    ("chat", {"user": "a"}, {}),
    ("chat", {"safety_identifier": "a"}, {"safety_identifier": "b"}),
    ("chat", {"user": "a", "safety_identifier": "s"}, {"user": "b", "safety_identifier": "s"}),
    ("chat", {"user": 1}, {"user": 2}),
    ("chat", {"metadata": {"user_id": "a"}}, {"metadata": {"user_id": "b"}}),
    ("azure", {"user": "a"}, {"user": "b"}),
    ("responses", {"user": "a"}, {"user": "b"}),
    ("responses", {"safety_identifier": "a"}, {"safety_identifier": "b"}),
    ("messages", {"metadata": {"user_id": "a"}}, {"metadata": {"user_id": "b"}}),
    ("messages", {"user_profile_id": "a"}, {"user_profile_id": "b"}),
    ("messages", {"metadata": {"user_id": "u"}, "user_profile_id": "a"}, {"metadata": {"user_id": "u"}}),
]


@pytest.mark.parametrize(("surface", "one", "other"), END_USERS)
def test_end_users_of_an_app_do_not_share(surface: str, one: Document, other: Document) -> None:
    first, second = pair(surface, question(surface, ASKED, **one), question(surface, ASKED, **other))
    assert partition(first) != partition(second)
    assert namespace(first) == namespace(second)


NOISE: list[tuple[str, Document]] = [
    ("chat", {"stream": True, "stream_options": {"include_usage": True}}),
    ("chat", {"metadata": {"trace": "7"}}),
    ("chat", {"prompt_cache_key": "k", "service_tier": "flex"}),
    ("responses", {"stream": True, "prompt_cache_key": "k"}),
    ("messages", {"stream": True, "service_tier": "auto"}),
    ("gemini", {"labels": {"a": "b"}}),
]


@pytest.mark.parametrize(("surface", "fields"), NOISE)
def test_delivery_and_accounting_do_not_part(surface: str, fields: Document) -> None:
    one, other = pair(surface, question(surface, ASKED), question(surface, ASKED, **fields))
    assert partition(one) == partition(other)
    assert namespace(one) == namespace(other)


TEXT_PART = {"chat": "text", "azure": "text", "responses": "input_text", "messages": "text"}


@pytest.mark.parametrize("surface", SURFACES)
def test_a_text_in_parts_is_the_same_text(surface: str) -> None:
    kind = TEXT_PART.get(surface)
    parts = [{"type": kind, "text": ASKED} if kind else {"text": ASKED}]
    one, other = pair(surface, question(surface, ASKED), question(surface, parts))
    assert (other.exact_only, other.text) == ("", ASKED)
    assert partition(one) == partition(other)
    several = read(surface, question(surface, [*parts, {**parts[0], "text": "Quickly."}]))
    assert several.text == f"{ASKED}\nQuickly."


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("content", [None, [], {}, 5, True, [None], ["text"], [{"type": 5}], [[]]])
def test_odd_contents_are_never_semantic_and_never_an_error(surface: str, content: Any) -> None:
    ask = read(surface, question(surface, content))
    assert not ask.may_be_semantic(structured=True)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize(
    "odd", [None, "text", 5, [], {}, {"role": 5}, {"role": "user"}, {"role": ["system"], "content": 1}]
)
def test_odd_earlier_turns_are_no_error(surface: str, odd: Any) -> None:
    ask = read(surface, question(surface, ASKED, odd))
    if ask.may_be_semantic(structured=True):
        assert partition(ask) != partition(read(surface, question(surface, ASKED)))
