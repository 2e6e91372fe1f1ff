"""Answers that may not be kept, by reason, and their stable look-alikes."""

import json
import random
import time
import tomllib
from pathlib import Path

import pytest

from halfpenny.semantic_cache.languages import BUNDLED, REASONS, LanguageError
from halfpenny.semantic_cache.volatile import MAX_CHARS, Gate, load_gate, volatile_reason

PROMPTS = Path(__file__).with_name("volatile_prompts.jsonl")

VOLATILE = [
    ("time", "What happened in Hanoi today?"),
    ("time", "Which shops are open right now?"),
    ("time", "Who is the current mayor of Rome?"),
    ("time", "What is the latest version of Python?"),
    ("time", "What time is it?"),
    ("time", "How many days until Easter?"),
    ("time", "Hôm nay là thứ mấy?"),
    ("time", "Ai là thủ tướng hiện nay?"),
    ("world", "What's the weather like in Paris?"),
    ("world", "Is it raining in London?"),
    ("world", "price of gold"),
    ("world", "What is the exchange rate between dollars and euros?"),
    ("world", "Any news about the election?"),
    ("world", "restaurants near me"),
    ("world", "Thời tiết ở Hà Nội"),
    ("world", "Giá vàng bao nhiêu?"),
    ("context", "What did I just say?"),
    ("context", "Summarise the above"),
    ("context", "Summarize this conversation"),
    ("context", "What's my name?"),
    ("context", "Translate it"),
    ("context", "Continue"),
    ("context", "ok, please continue"),
    ("context", "Can you repeat what you just said?"),
    ("context", "Tôi vừa nói gì?"),
    ("context", "tiếp tục đi"),
    ("random", "Pick a random color"),
    ("random", "Roll a die"),
    ("random", "Generate a UUID"),
    ("random", "Tell me another joke"),
    ("random", "Chọn một số ngẫu nhiên"),
    ("state", "What is my account balance?"),
    ("state", "Show me my unread messages"),
    ("state", "track order 4711"),
    ("state", "Số dư tài khoản của tôi là bao nhiêu?"),
]

STABLE = [
    "How do I block my card?",
    "Why was my payment declined?",
    "Where do I find my order number?",
    "What is weather?",
    "Why does it rain?",
    "What is an alternating current?",
    "How does current flow through a wire?",
    "What is a random forest?",
    "What is the probability of heads when a coin lands?",
    "What does continue do in Python?",
    'Translate "see you today" to French',
    "Explain `continue` and `break`",
    "What is a price index?",
    "How is gold mined?",
    "Who was the first president of France?",
    "What is a weather balloon?",
    "How do I create a password policy?",
    "Tỷ giá hối đoái là gì?",
    "Vì sao vàng có giá trị?",
    "Số ngẫu nhiên là gì?",
    "",
]


@pytest.mark.parametrize(("reason", "text"), VOLATILE)
def test_volatile(reason: str, text: str) -> None:
    assert volatile_reason(text) == reason
    assert volatile_reason(text.upper()) == reason


@pytest.mark.parametrize("text", STABLE)
def test_stable(text: str) -> None:
    assert volatile_reason(text) is None


def test_a_long_text_is_read_at_both_ends() -> None:
    filler = "lorem " * MAX_CHARS
    assert volatile_reason(f"What happened today? {filler}") == "time"
    assert volatile_reason(f"{filler} What happened today?") == "time"


@pytest.mark.parametrize("text", ["tell me " * 5000, "how many a " * 5000, "`" * 50_000, "my " * 20_000])
def test_hostile_texts_are_quick(text: str) -> None:
    begin = time.process_time()
    assert volatile_reason(text) is None
    assert time.process_time() - begin < 0.5


def test_every_reason_is_tested() -> None:
    assert set(REASONS) == {reason for reason, _ in VOLATILE}


GERMAN = [
    (1, "Wie ist das Wetter in Berlin?"),
    (1, "Wie spät ist es?"),
    (1, "Wer ist der Bundeskanzler von Deutschland?"),
    (1, "Wie hoch ist mein Kontostand?"),
    (1, "Was hast du gerade gesagt?"),
    (1, "Fasse das zusammen"),
    (1, "Wirf eine Münze"),
    (1, "Wo ist die nächste Apotheke?"),
    (1, "mach weiter, bitte"),
    (0, "Was ist Wetter?"),
    (0, "Wie entsteht Regen?"),
    (0, "Wer war der erste Bundeskanzler?"),
    (0, "Meine Karte wurde gestern abgelehnt."),
    (0, "Wie sperre ich meine Karte?"),
    (0, 'Übersetze "bis morgen" ins Englische'),
    (0, "Guten Morgen"),
]


@pytest.mark.parametrize(("volatile", "text"), GERMAN)
def test_a_language_is_no_more_than_its_file(volatile: int, text: str) -> None:
    assert (volatile_reason(text) is not None) == bool(volatile)


def test_most_of_our_own_prompts_are_judged_right() -> None:
    """515 prompts, each written before the rules were tried on it. `half` says when: the rules were tuned on `tune`;
    the others were each judged once before their errors were mended, and those are the figures to believe (precision,
    recall): `test` 0.988 and 0.976, `third` 0.949 and 0.822, `fourth` 0.977 and 0.933."""
    rows = [json.loads(line) for line in PROMPTS.read_text("utf-8").splitlines()]
    assert len(rows) > 500
    for language in ("en", "vi"):
        judged = [(row["y"], volatile_reason(row["text"]) is not None) for row in rows if row["lang"] == language]
        right = sum(1 for wanted, got in judged if wanted and got)
        assert right / sum(got for _, got in judged) >= 0.97, language
        assert right / sum(wanted for wanted, _ in judged) >= 0.97, language


@pytest.mark.parametrize(
    "told",
    [
        "My card was declined today.",
        "I lost my wallet yesterday. How do I block my card?",
        "I am currently studying physics. What is entropy?",
        "Hi, my app stopped working this morning.",
    ],
)
def test_a_statement_asks_for_nothing_of_today(told: str) -> None:
    assert volatile_reason(told) is None


@pytest.mark.parametrize(
    "asked",
    [
        "I want to know what happened today.",
        "My card was declined. What is the exchange rate between euros and dollars?",
        "I am going to Rome. Is it raining there today?",
    ],
)
def test_a_wish_in_the_form_of_a_statement_is_a_question(asked: str) -> None:
    assert volatile_reason(asked) is not None


@pytest.mark.parametrize("text", ["turn on the lights", "play some jazz", "send an email to John", "order a pizza"])
def test_commands_are_stable(text: str) -> None:
    assert volatile_reason(text) is None


@pytest.mark.parametrize(
    "text", ["\ud800", "a\x00b", "\n" * 9000, "?" * 9000, "。" * 9000, "x" * 90_000, "🙂" * 9000, "[](){}"]
)
def test_odd_texts_are_judged_without_an_error(text: str) -> None:
    assert volatile_reason(text) is None


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_pattern_of_a_bundled_language_can_be_found(path: Path) -> None:
    """A pattern with two blanks in a row, or one at its end, is never found in any text."""
    from halfpenny.semantic_cache.languages import Language, _Compiler

    text = path.read_text("utf-8")
    written = tomllib.loads(text)
    compiler = _Compiler(path, text, Language(**written))
    dice = random.Random(1)
    for key in ("harmless", "statements", "requests", *REASONS):
        for pattern in written.get(key, []) or written["reasons"].get(key, []):
            framed = compiler._one(key, pattern).replace("[^ .?]", "x").replace("[.?]", "Q")
            samples = (_sample(framed.strip("^$"), dice) for _ in range(40))
            assert any("  " not in sample for sample in samples), pattern


def _sample(pattern: str, dice: random.Random) -> str:
    """A text that the expression matches: alternatives and repetitions by chance."""
    from re import _parser  # type: ignore[attr-defined]

    def walk(nodes: object) -> str:
        out = ""
        for op, value in nodes:  # type: ignore[attr-defined]
            kind = str(op)
            if kind == "LITERAL":
                out += chr(value)
            elif kind == "BRANCH":
                out += walk(dice.choice(value[1]))
            elif kind == "SUBPATTERN":
                out += walk(value[3])
            elif kind == "MAX_REPEAT":
                out += "".join(walk(value[2]) for _ in range(dice.randint(value[0], min(int(value[1]), value[0] + 2))))
            else:
                out += "1"  # one of a class of characters
        return out

    return walk(_parser.parse(pattern))


GOOD = """language = "xx"
[lists]
fruit = ["apples?", "pears?"]
[reasons]
time = ["<fruit> now", "^how ~2 ripe$"]
"""


def gate_of(folder: Path, text: str) -> Gate:
    (folder / "xx.toml").write_text(text, "utf-8")
    return load_gate(folder)


def test_a_folder_of_the_operators_adds_a_language(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, GOOD)
    assert gate.languages == ("de", "en", "vi", "xx")
    assert gate.reason("any pears now anywhere") == "time"
    assert gate.reason("How very very ripe?") == "time"
    assert gate.reason("How very very very ripe?") is None
    assert gate.reason("fruit now and then") is None
    assert gate.reason("Roll a die") == "random"


def test_a_file_of_the_same_name_replaces_the_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text(GOOD, "utf-8")
    gate = load_gate(tmp_path)
    assert gate.reason("Roll a die") is None
    assert gate.reason("apple now") == "time"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"<fruit> now"', '"(now"'), r"xx\.toml: reasons\.time: '\(now': no RE2 pattern: missing \).*\(line 5\)"),
        (("<fruit> now", "<fish> now"), r"reasons\.time: .*there is no list 'fish' \(line 5\)"),
        (("<fruit> now", "two  blanks"), r"reasons\.time: .*one blank each \(line 5\)"),
        (("<fruit> now", "now( \\\\w+)* (\\\\w+ )*"), r"ends in a blank"),
        (("<fruit> now", "Now"), r"lower case \(line 5\)"),
        (("<fruit> now", "(a|^b)"), r"only at the ends .*\(line 5\)"),
        (("<fruit> now", "[àá]"), r"letters outside ASCII.*\(line 5\)"),
        (("<fruit> now", "[.]"), r"finds something in an empty text \(line 5\)"),
        (("time =", "tine ="), r"xx\.toml: .*reasons"),
        (('language = "xx"', 'language = "xx"\nharmles = []'), r"unknown field `harmles`.*\(line 2\)"),
        (("time = [", "time = [1, "), r"Expected `str`, got `int`.*reasons"),
        (('language = "xx"\n', ""), r"missing required field `language`"),
        (("[lists]", "[lists"), r"xx\.toml: .*line 2"),
        (("[lists]", 'bare = ["Go on!"]\n[lists]'), r"xx\.toml: bare: 'Go on!': plain words .*\(line 2\)"),
    ],
)
def test_a_broken_file_is_refused_by_name_key_and_line(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    broken = GOOD.replace(*change)
    assert broken != GOOD
    with pytest.raises(LanguageError, match=says):
        gate_of(tmp_path, broken)


def test_a_wrong_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageError, match="no folder"):
        load_gate(tmp_path / "nowhere")
    with pytest.raises(LanguageError, match="no \\*\\.toml"):
        load_gate(tmp_path)
    (tmp_path / "xx.toml").write_bytes(b"\xff")
    with pytest.raises(LanguageError, match="cannot be read"):
        load_gate(tmp_path)
