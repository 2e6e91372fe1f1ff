"""semantic_cache/decision/judge.py on 189 answer pairs made by hand for it (answer_pairs.jsonl, English and Vietnamese).

Each pair has the cosine that all-MiniLM-L6-v2 (int8) gives it. The rules were written with the first 143 in view; on the
other 46 the first version called 2 of 33 different pairs the same and found 9 of 13 same ones. Then it was mended, so
none of them is unseen now: expect worse on others.
"""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.semantic_cache.decision.answer_facts import AnswerFacts
from halfpenny.semantic_cache.decision.judge import (
    AnswerJudge,
    DailyCap,
    Judgement,
    judge,
    judge_prompt,
    normalised_digest,
    parse_reply,
)

PAIRS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "answer_pairs.jsonl").read_text(encoding="utf-8").splitlines()
]


# Small words and signs that turn a claim round. The version before last called 10 of these the same.
TWINS = [
    ("It opens at 8.", "It closes at 8."),
    ("The cat chased the dog.", "The dog chased the cat."),
    ("Paris is in France.", "France is in Paris."),
    ("You should call 911.", "You should call 112."),
    ("The first option is best.", "The second option is best."),
    ("It is on the table.", "It is under the table."),
    ("Both are correct.", "Neither is correct."),
    ("Add salt and pepper.", "Add salt or pepper."),
    ("It happened before the war.", "It happened in the war."),
    ("He likes her.", "She likes him."),
    ("I recommend plan A.", "I recommend plan B."),
    ("A is bigger than B.", "B is bigger than A."),
    ("The answer is A.", "The answer is B."),
    ("This is legal in Texas.", "This is illegal in Texas."),
    ("The king of Spain", "The queen of Spain"),
    ("x = y + 1", "x = y - 1"),
    ("x > 3", "x < 3"),
    ("2^3", "2*3"),
    ("It is 1/2.", "It is 1-2."),
    ("Dùng thuốc khi đói.", "Dùng thuốc khi no."),
    ("Anh ấy là bác sĩ.", "Anh ấy là kỹ sư."),
    ("Tôi đồng ý.", "Tôi không đồng ý."),
    ("Có thể.", "Không thể."),
    ("Lan cao hơn Minh.", "Minh cao hơn Lan."),
    ("Nó được bán.", "Nó bán."),
    ("The meeting is today.", "The meeting is tomorrow."),
    ("Tell him.", "Show him."),
    ("It is the city.", "It is the country."),
    ("They are here.", "They are there."),
    ("This one.", "That one."),
    ("It's mine.", "It's yours."),
    ("Half of them agree.", "All of them agree."),
    ("Most users agree.", "Few users agree."),
    ("Twice a day.", "Once a day."),
    ("More than 5.", "Less than 5."),
    ("At least 5 people.", "At most 5 people."),
    ("It is +5.", "It is -5."),
    ("Send it to Anna for Ben.", "Send it to Ben for Anna."),
    ("Say yes.", "Say no."),
    ("Is it safe?", "It is safe."),
    ("It's 3pm", "It's 3am"),
    ("5 > 3", "3 > 5"),
    ("Which term is used: mean.", "Which term is used: definition."),
    ("Use SELECT a FROM b.", "Use SELECT b FROM a."),
    ("It will rain.", "It would rain."),
    ("It has a door.", "It had a door."),
    ("He can have it.", "He can be it."),
]


def judged(pair: dict[str, Any], *, similarity: bool = True) -> Judgement:
    cosine = pair["similarity"] if similarity else None
    return judge(pair["a"], pair["b"], similarity=cosine, a_prompt=pair["question"], b_prompt=pair["question"])


def sure_same(verdict: Judgement) -> bool:
    return verdict.weight >= 0.5 and verdict.same > 0.5


def sure_different(verdict: Judgement) -> bool:
    return verdict.weight >= 0.5 and verdict.same < 0.5


def test_the_pairs_are_many_and_of_every_kind() -> None:
    kinds = Counter(pair["kind"] for pair in PAIRS)
    assert len(PAIRS) >= 120
    assert set(kinds) == {"fact", "number", "date", "yesno", "howto", "code", "refusal", "vi", "long"}
    assert sum(pair["same"] for pair in PAIRS) >= 60


@pytest.mark.parametrize("similarity", [True, False])
def test_no_sure_same_where_a_fact_differs(similarity: bool) -> None:
    wrong = [pair for pair in PAIRS if not pair["same"] and sure_same(judged(pair, similarity=similarity))]
    assert wrong == []


@pytest.mark.parametrize(("a", "b"), TWINS)
def test_no_small_word_or_sign_is_overlooked_whatever_the_cosine(a: str, b: str) -> None:
    assert not sure_same(judge(a, b, similarity=0.97))
    assert not sure_same(judge(a, b))


def test_the_clearly_same_are_found() -> None:
    same = [pair for pair in PAIRS if pair["same"]]
    found = sum(sure_same(judged(pair)) for pair in same)
    assert found >= 0.9 * len(same)
    # without a cosine the layers of words and facts alone do most of it
    assert sum(sure_same(judged(pair, similarity=False)) for pair in same) >= 0.8 * len(same)


def test_most_differences_are_named_and_no_same_pair_is_called_different() -> None:
    different = [pair for pair in PAIRS if not pair["same"]]
    assert sum(sure_different(judged(pair)) for pair in different) >= 0.65 * len(different)
    assert [pair for pair in PAIRS if pair["same"] and sure_different(judged(pair))] == []


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_the_order_of_the_two_does_not_matter(pair: dict[str, Any]) -> None:
    turned = judged({**pair, "a": pair["b"], "b": pair["a"]})
    here = judged(pair)
    assert (here.same, here.weight, here.layer) == (turned.same, turned.weight, turned.layer)
    assert 0 <= here.same <= 1
    assert 0 <= here.weight <= 1


@pytest.mark.parametrize(
    ("a", "b", "layer"),
    [
        ("**Paris**.", "paris", "identical"),
        ("1. Open it\n2. Close it", "- Open it\n- Close it", "identical"),
        ("It costs $20.", "It costs €20.", "units"),
        ("It costs $20.", "It costs $21.", "numbers"),
        ("Ask Anna Berg.", "Ask Olaf Lund.", "names"),
        ("Yes, do.", "No, don't.", "polarity"),
        ("It is safe.", "It is not safe.", "polarity"),
        ("Keep it hot.", "Keep it cold.", "opposites"),
        ("I'm sorry, but I can't help with that.", "It is blue.", "refusal"),
        ("```\nx = 1\n```", "```\nx  =  1  \n\n```", "identical"),
        ("```\nx = 1\n```", "```\nx = 1  # one\n```", "code"),
        ("It takes 2 hours.", "It takes two hrs.", "same words"),
        ("", "x", "empty"),
    ],
)
def test_the_layer_that_decides(a: str, b: str, layer: str) -> None:
    assert judge(a, b).layer == layer


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("for x in y:\n    f()\n    g()", "for x in y:\n    f()\ng()"),
        ('print("a # b")', 'print("a # c")'),
        ("git checkout -- a", "git checkout -- b"),
        ("f(x)", "f(X)"),
    ],
)
def test_code_that_only_looks_alike_is_never_the_same(a: str, b: str) -> None:
    verdict = judge(f"Run:\n```\n{a}\n```", f"Run:\n```\n{b}\n```", similarity=1.0)
    assert not sure_same(verdict)
    assert normalised_digest(f"```\n{a}\n```") != normalised_digest(f"```\n{b}\n```")


def test_an_echo_of_the_question_is_forgiven_and_an_answer_is_not() -> None:
    asked = "Which is bigger, Mars or Venus?"
    echoed = judge("5 miles is 8.05 km.", "8.05 km.", a_prompt="How many km are 5 miles?", b_prompt="5 miles in km")
    assert sure_same(echoed)
    assert not sure_same(judge("5 miles is 8.05 km.", "8.05 km."))
    assert sure_different(judge("It is Mars.", "It is Venus.", a_prompt=asked, b_prompt=asked))


def test_a_low_cosine_alone_is_no_difference_where_words_are_shared() -> None:
    a, b = "The harbour is closed in winter.", "Penguins breed on sea ice."
    assert sure_different(judge(a, b, similarity=0.1))
    assert not sure_different(judge(a, a + " Ask the office.", similarity=0.4))


def test_a_medium_paraphrase_needs_the_cosine() -> None:
    a = "Let the dough rest for a while in a warm place so that the yeast can make gas and the bread turns out soft."
    b = "Leave the dough somewhere warm for some time: the yeast then produces gas, which gives you a soft bread."
    assert not sure_same(judge(a, b))
    assert sure_same(judge(a, b, similarity=0.93))
    assert not sure_same(judge(a, b, similarity=0.85))
    assert not sure_same(judge(a, b + " Bake it for 30 minutes.", similarity=0.93))


def test_digests_find_what_the_judge_calls_identical() -> None:
    for pair in PAIRS:
        equal = normalised_digest(pair["a"]) == normalised_digest(pair["b"])
        assert equal == (judged(pair).layer == "identical")
    assert len(normalised_digest("x")) == 16
    assert normalised_digest("\ud800") != normalised_digest("")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1. One thing\n2. Another", {}),
        ("It costs $1,200.50 or 20%.", {"1200.5": "usd", "20": "percent"}),
        ("5 million dollars", {"5000000": "usd"}),
        ("Signed on 1776-07-04", {"4": "", "month:july": "", "1776": ""}),
        ("tháng 9 năm 1945", {"month:september": "", "1945": ""}),
        ("Dân số của nước đó là 1.234.567 người", {"1234567": ""}),
        ("version 3.10, then 3.1", {"3.10": "", "3.1": ""}),
        ("at 9:15 pm, -5 °C", {"9:15": "pm", "-5": "c"}),
        ("một trong những người bạn, mười hai cái", {"10": "", "2": ""}),
        ("twelve hours and ten minutes", {"12": "hour", "10": "minute"}),
    ],
)
def test_numbers_of_an_answer(text: str, numbers: dict[str, str]) -> None:
    assert AnswerFacts(text).numbers == numbers


@settings(max_examples=80, deadline=None)
@given(a=st.text(max_size=60), b=st.text(max_size=60), similarity=st.none() | st.floats(-1, 1))
def test_any_two_texts_get_a_verdict(a: str, b: str, similarity: float | None) -> None:
    verdict = judge(a, b, similarity=similarity, a_prompt=b, b_prompt=a)
    assert 0 <= verdict.same <= 1
    assert 0 <= verdict.weight <= 1


def test_a_huge_answer_is_judged_in_bounded_time_and_never_surely_the_same() -> None:
    words = "Every answer of this length says more than anybody will compare with care. "
    a, b = words * 20_000, words * 20_000 + "But not this one."
    begun = time.process_time()
    verdict = judge(a, b, similarity=1.0)
    assert time.process_time() - begun < 10
    assert not sure_same(verdict)


def test_the_cap_counts_days_of_the_callers_clock() -> None:
    cap = DailyCap(2)
    day = 20_000 * 86_400.0
    assert [cap.take(day + at) for at in (0, 1, 2)] == [True, True, False]
    assert cap.left(day) == 0
    assert not cap.take(day - 86_400)  # a clock that goes back opens no new day
    assert cap.left(day + 86_400) == 2
    assert cap.take(day + 86_400)
    assert cap.left(day + 86_400) == 1
    assert not DailyCap(0).take(day)


def test_the_question_to_a_model_carries_all_four_texts_cut() -> None:
    text = judge_prompt("Q{1}", "A1" * 9, "Q2", "A2", limit=6)
    assert "Q{1}" in text
    assert "A1A1A1\n" in text
    assert text.endswith("same or different.")


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("same", True),
        (" **Same**.\n", True),
        ("'different'", False),
        ("DIFFERENT", False),
        ("not the same", None),
        ("same or different", None),
        ("", None),
    ],
)
def test_only_a_plain_reply_counts(reply: str, verdict: bool | None) -> None:
    assert parse_reply(reply) is verdict


class _Always:
    async def ask(self, prompt_a: str, answer_a: str, prompt_b: str, answer_b: str) -> bool | None:
        return True


_fits: type[AnswerJudge] = _Always
