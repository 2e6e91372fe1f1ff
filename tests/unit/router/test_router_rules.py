"""Matches and rules: what fits, what is refused, and that no pattern can take long."""

import time
from typing import Any

import msgspec
import pytest

from halfpenny.router import Match, Prompt, Route, RouteError, Rule
from halfpenny.router.rules import NAME_CHARS, PROMPT_MATCH_CHARS, compile_match, fits_name, prompt_text


def prompt(text: str = "hello", **given: Any) -> Prompt:
    return Prompt(
        **{
            "surface": "openai_chat",
            "path": "/v1/chat/completions",
            "model": "gpt-4o",
            "messages": (("user", text),),
            "last_user": text,
            **given,
        }
    )


@pytest.mark.parametrize(
    ("match", "given", "fits"),
    [
        ({}, {}, True),
        ({"model": "*"}, {"model": ""}, True),
        ({"model": "gpt-*"}, {}, True),
        ({"model": "GPT-*"}, {}, False),
        ({"model": ("claude-*", "gpt-4?")}, {}, True),
        ({"path": "/v1/chat/*"}, {}, True),
        ({"tenant": "acme"}, {"tenant": "acme"}, True),
        ({"tenant": "acme"}, {}, False),
        ({"surface": "anthropic*"}, {}, False),
        ({"tag": {"team": "law*"}}, {"tags": {"team": "lawyers"}}, True),
        ({"tag": {"team": "*"}}, {}, False),
        ({"header": {"X-Task": "contract*"}}, {"headers": {"x-task": "contract-7"}}, True),
        ({"has_tools": True}, {}, False),
        ({"has_tools": False}, {}, True),
        ({"stream": True, "wants_schema": True}, {"stream": True, "wants_schema": True}, True),
        ({"has_images": True}, {"has_images": True}, True),
        ({"input_tokens": ">4000"}, {"input_tokens": 4000}, False),
        ({"input_tokens": ">4000"}, {"input_tokens": 4001}, True),
        ({"input_tokens": ">= 4_000"}, {"input_tokens": 4000}, True),
        ({"input_tokens": "<500"}, {"input_tokens": 500}, False),
        ({"input_tokens": "<=500"}, {"input_tokens": 500}, True),
        ({"input_tokens": "1000..8000"}, {"input_tokens": 8000}, True),
        ({"input_tokens": "1000..8000"}, {"input_tokens": 8001}, False),
        ({"input_tokens": "7"}, {"input_tokens": 7}, True),
        ({"prompt": r"(?i)\bHELLO\b"}, {}, True),
        ({"prompt": "^good"}, {}, False),
        ({"prompt": "secret"}, {"messages": (("system", "a secret"), ("user", "hi"))}, True),
        ({"prompt": "hello", "tenant": "acme"}, {}, False),
    ],
)
def test_a_match_fits_when_all_its_conditions_hold(
    match: dict[str, Any], given: dict[str, Any], fits: bool
) -> None:
    assert compile_match(Match(**match), "routes.r.match")(prompt(**given)) is fits


@pytest.mark.parametrize(
    ("match", "key", "says"),
    [
        ({"prompt": r"(a)\1"}, "routes.r.match.prompt", "back-references"),
        ({"prompt": "(?=a)b"}, "routes.r.match.prompt", "look-around"),
        ({"prompt": "("}, "routes.r.match.prompt", "missing"),
        ({"prompt": "a" * 1_001}, "routes.r.match.prompt", "1001"),
        ({"input_tokens": "many"}, "routes.r.match.input_tokens", "1000..8000"),
        ({"input_tokens": "9..1"}, "routes.r.match.input_tokens", "no number"),
        ({"input_tokens": "<0"}, "routes.r.match.input_tokens", "no number"),
    ],
)
def test_a_bad_match_is_refused_and_names_its_key(
    match: dict[str, Any], key: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RouteError) as caught:
        compile_match(Match(**match), "routes.r.match")
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{key}: ")
    assert says in str(caught.value)
    assert capfd.readouterr().err == ""


def test_an_exponential_pattern_on_a_megabyte_is_harmless() -> None:
    """RE2 is linear and the text is capped: the bound is on the work, the time is only a loose check of
    it.
    """
    text = "a" * 1_000_000 + "!"
    asked = prompt(text)
    assert len(prompt_text(asked)) == PROMPT_MATCH_CHARS + 1
    test = compile_match(Match(prompt="(a+)+$"), "m")
    began = time.process_time()
    assert test(asked) is False
    assert time.process_time() - began < 0.5


def test_both_ends_of_a_long_conversation_are_searched() -> None:
    long = "x" * 200_000
    for text in ("needle" + long, long + "needle"):
        assert compile_match(Match(prompt="needle"), "m")(prompt(text))


def test_a_lone_surrogate_does_not_raise() -> None:
    assert not compile_match(Match(prompt="needle"), "m")(prompt("\ud800"))


def test_a_name_that_is_too_long_fits_only_the_star() -> None:
    long = "g" * (NAME_CHARS + 1)
    assert fits_name("*", long)
    assert not fits_name("g*", long)


def test_routes_decode_from_configuration_and_unknown_keys_are_errors() -> None:
    raw = {
        "name": "default",
        "match": {"model": ["gpt-*", "o?"], "header": {"x-task": "a*"}},
        "policy": "difficulty",
        "small": "s",
        "large": "l",
        "rules": [{"match": {"prompt": "secret"}, "deny": "no secrets"}],
    }
    route = msgspec.convert(raw, Route)
    assert route.match.model == ("gpt-*", "o?")
    assert route.rules == (Rule(match=Match(prompt="secret"), deny="no secrets"),)
    with pytest.raises(msgspec.ValidationError, match="polcy"):
        msgspec.convert({"name": "default", "polcy": "fixed"}, Route)
