"""What the readers and writers of answers share. A reader raises ValueError for what is not a good answer."""

from collections.abc import Iterator
from typing import Any

import msgspec

from halfpenny.proxy.dialects.base import (
    Answer,
    ArgumentsCame,
    Began,
    Call,
    CallBegan,
    Choice,
    ChoiceEnded,
    Ended,
    Ending,
    Event,
    Refusal,
    RefusalCame,
    Text,
    TextCame,
    Thought,
    ThoughtCame,
    UsageCame,
)
from halfpenny.proxy.dialects.shared import object_of

AnswerPart = Text | Thought | Refusal | Call


def need_object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return value


def need_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} is not an array")
    return value


def need_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is not a string")
    return value


def text_or_none(value: Any) -> str:
    return value if isinstance(value, str) else ""


def joined(parts: list[AnswerPart]) -> tuple[AnswerPart, ...]:
    """Neighbours of one kind become one, empty ones go: the form that a stream of the same answer has, too."""
    out: list[AnswerPart] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Call):
            out.append(part)
        elif part.text:
            if isinstance(last, Text | Thought | Refusal) and type(last) is type(part):
                out[-1] = type(last)(last.text + part.text)
            else:
                out.append(part)
    return tuple(out)


def with_calls(ending: Ending, called: bool) -> Ending:
    """An answer that stopped with calls stopped for them (OpenAI says `stop` where the choice was forced)."""
    return "tool_calls" if ending == "stop" and called else ending


def without_cut_call(choice: Choice) -> Choice:
    """The choice less the last call if the limit on tokens cut its arguments: dialects that take them as an object have
    no place for half of one, and the ending tells the caller why the answer is short."""
    last = choice.parts[-1] if choice.parts else None
    if choice.ending != "length" or not isinstance(last, Call):
        return choice
    try:
        object_of(last.arguments)
    except ValueError:
        return msgspec.structs.replace(choice, parts=choice.parts[:-1])
    return choice


def only_choice(answer: Answer) -> Choice:
    if len(answer.choices) != 1:
        raise ValueError(f"{len(answer.choices)} choices where one was asked for")
    return answer.choices[0]


def refused(choice: Choice) -> bool:
    return any(isinstance(part, Refusal) for part in choice.parts)


def events_of(answer: Answer) -> Iterator[Event]:
    """A whole answer as the stream that it could have been."""
    yield Began(id=answer.id, model=answer.model, created=answer.created)
    if answer.usage.known:
        yield UsageCame(answer.usage)
    for choice in answer.choices:
        calls = 0
        tokens = choice.tokens
        for part in choice.parts:
            match part:
                case Text(text):
                    yield TextCame(text=text, choice=choice.index, tokens=tokens)
                    tokens = None
                case Thought(text):
                    yield ThoughtCame(text=text, choice=choice.index)
                case Refusal(text):
                    yield RefusalCame(text=text, choice=choice.index)
                case Call():
                    yield CallBegan(
                        call=calls, id=part.id, name=part.name, signature=part.signature, choice=choice.index
                    )
                    yield ArgumentsCame(call=calls, text=part.arguments, choice=choice.index)
                    calls += 1
        yield ChoiceEnded(ending=choice.ending, stop_sequence=choice.stop_sequence, choice=choice.index)
    yield Ended()


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)
