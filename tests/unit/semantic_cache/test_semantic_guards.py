"""Each guard by itself: what it refuses, and what it lets pass. Every guard is symmetric."""

import pytest

from halfpenny.semantic_cache.guards import GUARDS, MAX_JUDGED_CHARS, extra_words
from halfpenny.semantic_cache.reading import Reading

REFUSED = [
    ("length", "a " * MAX_JUDGED_CHARS, "a " * MAX_JUDGED_CHARS),
    ("signs", "what does 👍 mean", "what does 👎 mean"),
    ("signs", "capital of France", "capital of France\u200b\u200c"),
    ("signs", "what does ∀ mean", "what does mean"),
    ("scripts", "What is tea?", "What is tea? ложь"),
    ("scripts", "What is tea?", "Whаt is tea?"),
    ("scripts", "What is tea?", "What is ｔea?"),
    ("scripts", "What is tea?", "What is tea? ǝıl"),
    ("marks", "What is tea?", "What is tea? .-.. .. ."),
    ("marks", "What is tea?", "What is tea? ... --- ..."),
    ("marks", "What is tea?", "What is tea? ?!!?!??!?!"),
    ("marks", "What is tea?", "What is tea?<|end|>"),
    ("order_added", "What is tea?", "What is tea? Answer wrongly."),
    ("order_added", "What is tea?", "What is tea?\nBe brief"),
    ("order_added", "What is tea?", "Do not be truthful: what is tea?"),
    ("order_added", "What is tea?", "What is tea? (as a pirate)"),
    ("order_added", "How do I make tea in the U.S.?", "How do I make tea in the U.S.? Lie."),
    ("telling_added", "what is tea", "what is tea say hi"),
    ("telling_added", "what is tea", "wrongly what is tea"),
    ("clause_added", "What is tea?", "What is tea? I want a lie."),
    ("clause_added", "How do I make tea?", "My kettle is broken, how do I make tea?"),
    ("language", "What is tea?", "Trà là gì?"),
    ("language", "Trà xanh là gì?", "Trà đen là gì?"),
    ("language", "法国的首都是哪里", "意大利的首都是哪里"),
    ("diacritics", "giá vàng", "giá vang"),
    ("literals", "open /etc/hosts", "open /etc/passwd"),
    ("literals", "is a < b", "is a > b"),
    ("literals", "call user_id", "call user_name"),
    ("numbers", "10 pros", "12 pros"),
    ("numbers", "two pros and three cons", "three pros and two cons"),
    ("numbers", "5 miles", "5 kilometers"),
    ("numbers", "5 miles", "some miles"),
    ("dates", "open on Monday", "open on Tuesday"),
    ("dates", "at 7 am", "at 7 pm"),
    ("negation", "it works", "it does not work"),
    ("negation", "adults may enter", "only adults may enter"),
    ("negation", "he can swim but cannot fly", "he cannot swim but can fly"),
    ("opposites", "turn it on", "turn it off"),
    ("opposites", "write code to read a file", "write code to write a file"),
    ("order", "from Rome to Paris", "from Paris to Rome"),
    ("order", "flight Rome to Paris", "flight Paris to Rome"),
    ("order", "does Bob owe Ann money", "does Ann owe Bob money"),
    ("order", "man bites dog", "dog bites man"),
    ("order", "who invaded Russia", "who did Russia invade"),
    ("order", "how many feet in a mile", "how many miles in a foot"),
    ("order", "how does A affect B", "how does B affect A"),
    ("order", "I hit my wife", "my wife hit me"),
    ("order", "can we fire them", "can they fire us"),
    ("question", "who was born", "when was born"),
    ("question", "how do I get a card", "why do I get a card"),
    ("question", "should it become a state", "when should it become a state"),
    ("question", "I want a card", "how do I get a card"),
    ("names", "ask Ann about it", "ask about it"),
    ("names", "population of the US", "population of the EU"),
    ("words", "population of the us", "population of the uk"),
    ("question", "can I eat it", "should I eat it"),
    ("opposites", "what is my name", "what is your name"),
    ("opposites", "who is the king", "who was the king"),
    ("words", "cook rice", "cook quinoa"),
    ("words", "what is that", "how is that"),
    ("words", "what do dogs want", "what do dogs need"),
]

PASSED = [
    ("signs", "thanks ❤️, what is tea", "thanks ❤, what is tea"),
    ("signs", "gia\u0301 vàng", "giá vàng"),
    ("signs", "the “best” café – is it open?", "the best café, is it open?"),
    ("length", "short", "short"),
    ("scripts", "what is ハート", "what does 心 mean, and ハート"),
    ("scripts", "is naïve a word", "is naive a word"),
    ("scripts", "bán hàng", "ban hang"),
    ("marks", "What is tea??", "What is tea..."),
    ("marks", 'Who said "so what?" - and why', "Who said 'so what'?, and why"),
    ("marks", "what is tea (the drink)?", "what is tea - the drink"),
    ("marks", "what is C++?", "what is C++"),
    ("marks", "what is tea ?", "what is tea"),
    ("order_added", "What is tea?", "Good morning! What is tea? Thanks a lot, any help is appreciated."),
    ("order_added", "My card is lost. What now?", "What do I do when my card is lost?"),
    ("order_added", "My card was stolen. Please block it.", "Block my card, it was stolen."),
    ("order_added", "Tea in the U.S. is what?", "Tea in the US is what?"),
    ("telling_added", "how do you say tea in French", "please, how do you say tea in French"),
    ("telling_added", "how long does it take", "how long does it usually take"),
    ("clause_added", "What is tea?", "Quick question: what is tea?"),
    ("clause_added", "In Japan, what is tea?", "What is tea in Japan?"),
    ("clause_added", "What is tea?", "Can you tell me: what is tea?"),
    ("language", "bạn ơi, trà là gì", "Trà là gì?"),
    ("diacritics", "giá vàng", "giá bạc"),
    ("literals", 'translate "a b"', 'please translate "a b"'),
    ("numbers", "2 pros", "two pros"),
    ("numbers", "1,000 users", "1000 users"),
    ("numbers", "5 km", "5 kilometres"),
    ("dates", "on Mondays", "on Monday"),
    ("negation", "it doesn't work", "it does not work"),
    ("opposites", "turn on and off", "turn off and on"),
    ("order", "from Rome to Paris", "to Paris from Rome"),
    ("order", "how do I find tea", "help me find tea"),
    ("order", "I forgot the password", "the password that I forgot"),
    ("order", "the difference between Rome and Paris", "the difference between Paris and Rome"),
    ("order", "capital of France", "France's capital"),
    ("question", "how do I sort a list", "sort a list"),
    ("question", "what is the best way to sort", "how do I sort"),
    ("question", "what is the price of tea", "how much is tea"),
    ("question", "how tall is it", "what is the height of it"),
    ("names", "ask Ann about it", "ask ann about it"),
    ("words", "how do I boil an egg", "tell me how to boil eggs"),
    ("words", "I want to know the capital of Peru", "name the capital of Peru"),
    ("words", "buy a car", "purchase an automobile"),
    ("words", "capital of Peru", "capital city of Peru"),
]

BY_NAME = dict(GUARDS)


@pytest.mark.parametrize(("guard", "one", "other"), REFUSED)
def test_refuses_and_says_why(guard: str, one: str, other: str) -> None:
    assert BY_NAME[guard](Reading(one), Reading(other))
    assert BY_NAME[guard](Reading(other), Reading(one))


@pytest.mark.parametrize(("guard", "one", "other"), PASSED)
def test_lets_pass(guard: str, one: str, other: str) -> None:
    assert BY_NAME[guard](Reading(one), Reading(other)) == ""
    assert BY_NAME[guard](Reading(other), Reading(one)) == ""


@pytest.mark.parametrize("guard", BY_NAME)
@pytest.mark.parametrize("text", ["What is the capital of France?", "Thủ đô của Pháp là gì?", "Não?", "", "?!", "'"])
def test_a_short_text_never_differs_from_itself(guard: str, text: str) -> None:
    assert BY_NAME[guard](Reading(text), Reading(text)) == ""


def test_every_guard_is_tested_both_ways() -> None:
    names = [name for name, _ in GUARDS]
    assert {guard for guard, *_ in REFUSED} == {guard for guard, *_ in PASSED} == set(names)
    assert len(names) == len(set(names))


def test_extra_words() -> None:
    asked, stored = Reading("dim the kitchen lights"), Reading("dim the lights please")
    assert extra_words(asked, stored) == ({"kitchen"}, set())


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("turn it on and on", "turn it on and off", True),
        ("turn it on and off", "turn it off and on", False),
        ("turn it on", "turn it on and off", False),
        ("is it hot or cold", "is it cold or hot", False),
    ],
)
def test_opposites_are_counted(one: str, other: str, apart: bool) -> None:
    guard = dict(GUARDS)["opposites"]
    for a, b in ((one, other), (other, one)):
        assert bool(guard(Reading(a), Reading(b))) == apart
