"""The generator of training data: labels that hold, an even mix, the same list for the same seed."""

import random
import re
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise

import pytest

from halfpenny.semantic_cache.training.generators import catalogue, pairs, sample, stream, words_en, words_vi
from halfpenny.semantic_cache.training.generators.grammar import read_families, read_lexicons, strip_marks
from halfpenny.semantic_cache.training.generators.quantities import english_number, vietnamese_number
from halfpenny.semantic_cache.training.generators.sample import Meaning, draw_meaning, draw_wording, render
from halfpenny.semantic_cache.training.generators.surface import Style, dress

LANGUAGES = ("en", "vi")
NEUTRAL = Style(case="plain", before=0, after=0, swap=0, typo=0, bare=False)


@cache
def many(language):
    return pairs(5, 8000, language)


def family(language, name):
    return next(f for f in catalogue.families(language) if f.name == name)


def plain(text):
    return re.sub(r"[\s.,!?:;'\"-]+", " ", text.lower()).strip()


@pytest.mark.parametrize("language", [*LANGUAGES, "both"])
def test_the_same_seed_gives_the_same_lists(language):
    assert stream(7, 300, language=language) == stream(7, 300, language=language)
    assert pairs(7, 300, language) == pairs(7, 300, language)
    assert stream(7, 300, language=language) != stream(8, 300, language=language)
    assert pairs(7, 300, language) != pairs(8, 300, language)


def test_the_tables_are_broad():
    assert len(catalogue.families("en")) >= 200
    assert len(catalogue.families("vi")) >= 100
    for language in LANGUAGES:
        names = Counter(f.name for f in catalogue.families(language))
        assert [n for n, count in names.items() if count > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_is_filled(language):
    """No slot, choice mark or macro is left in any text; each template is rendered several times."""
    rng = random.Random(1)
    macros = set(words_en.MACROS) | set(words_vi.MACROS)
    for fam in catalogue.families(language):
        for at, group in enumerate(fam.groups):
            assert len(group.templates) >= 2 or len(fam.groups) > 1, fam.name
            for number, template in enumerate(group.templates):
                assert template.slots() == set(range(len(fam.slots)))
                for _ in range(4):
                    meaning = draw_meaning(rng, fam)
                    meaning = Meaning(family=fam, group=at, values=meaning.values, form=meaning.form)
                    how = draw_wording(rng, language)
                    how = type(how)(template=number, words=how.words, aliases=how.aliases, style=NEUTRAL)
                    text = render(meaning, how)
                    assert not re.search(r"[{}|~()]|  |^\s|\s$", text), (fam.name, text)
                    assert macros.isdisjoint(text.split()), (fam.name, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stream_holds_classes_with_several_texts_and_no_text_in_two_classes(language):
    found = stream(3, 6000, language=language)
    assert len(found) == 6000
    assert {p.language for p in found} == {language}
    assert len({p.text for p in found}) == 6000
    classes = defaultdict(set)
    for prompt in found:
        classes[plain(prompt.text)].add(prompt.cls)
    assert [t for t, c in classes.items() if len(c) > 1] == []
    sizes = Counter(Counter(p.cls for p in found).values())
    assert sum(n for size, n in sizes.items() if size > 1) > sizes[1]
    # Shuffled: neighbours in the list are seldom of one family.
    assert sum(a.family == b.family for a, b in pairwise(found)) < 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_are_even_and_labels_hold(language):
    made = many(language)
    assert Counter(p.y for p in made) == {0: 4000, 1: 4000}
    kinds = Counter(p.kind.removesuffix("+wording") for p in made if p.y == 0)
    wanted = {"entity", "number", "time", "unit", "direction", "polarity", "question", "scope", "adjective", "verb"}
    wanted |= {"constraint", "role", "same family", "other family"} | (
        {"tense"} if language == "en" else {"diacritics"}
    )
    assert set(kinds) == wanted
    assert min(kinds.values()) > 50
    assert max(kinds.values()) < 1000
    reworded = sum(p.kind.endswith("+wording") for p in made if p.y == 0)
    assert 0.5 < reworded / 4000 < 0.7
    for pair in made:
        assert pair.a != pair.b
        assert pair.y == 1 or plain(pair.a) != plain(pair.b)
        assert pair.y == 0 or pair.kind in {"paraphrase", "surface"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_label_cannot_be_told_from_one_text_or_the_family(language):
    """Both labels draw families, lengths and decoration in the same way: none may lean to one side."""
    made = many(language)
    for trait in (lambda p: len(p.a), lambda p: p.a[:1].isupper(), lambda p: p.a.endswith("?")):
        means = [sum(trait(p) for p in made if p.y == y) / 4000 for y in (0, 1)]
        assert abs(means[0] - means[1]) < 0.08 * max(means)
    by_family = [Counter(p.family for p in made if p.y == y) for y in (0, 1)]
    assert sum(abs(by_family[0][f] - by_family[1][f]) for f in by_family[0] | by_family[1]) < 8000 * 0.2


def test_a_changed_slot_under_new_words_is_another_class():
    """The hardest case: the wording differs as well, so that likeness alone would not tell."""
    made = [p for p in many("en") if p.kind == "entity+wording"]
    assert len(made) > 100
    assert all(p.y == 0 for p in made)
    shared = [len(set(plain(p.a).split()) & set(plain(p.b).split())) for p in made]
    assert sum(shared) / len(shared) < 5


@pytest.mark.parametrize(
    ("language", "name", "slot", "key", "aliases"),
    [
        ("en", "country_fact", "country", "USA", {"usa", "the united states", "the us", "america"}),
        ("en", "call_text", "kin", "mother", {"mother", "mom", "mum"}),
        ("en", "alarm", "clock", "9 am", {"9 am", "9am", "nine am", "9 00 am", "9 in the morning"}),
        ("vi", "du_lich_hoi", "tinh", "Sài Gòn", {"sài gòn", "tp hcm", "tphcm", "thành phố hồ chí minh"}),
    ],
)
def test_aliases_are_one_class(language, name, slot, key, aliases):
    fam = family(language, name)
    at = next(i for i, s in enumerate(fam.slots) if s.name == slot)
    value = next(i for i, v in enumerate(fam.slots[at].lexicon.values) if v.key == key)
    rng = random.Random(4)
    met, classes = set(), set()
    for _ in range(400):
        values = [0] * len(fam.slots)
        values[at] = value
        meaning = Meaning(family=fam, group=0, values=tuple(values), form=0)
        how = draw_wording(rng, language)
        how = type(how)(template=how.template, words=how.words, aliases=how.aliases, style=NEUTRAL)
        text = f" {plain(render(meaning, how))} "
        met |= {a for a in aliases if f" {a} " in text}
        classes.add(meaning.cls())
    assert met == aliases
    assert len(classes) == 1


def test_exchanged_slots_count_only_where_order_does():
    rng = random.Random(0)
    flight, far = family("en", "flight"), family("en", "distance")
    for fam, same in ((flight, False), (far, True)):
        meaning = draw_meaning(rng, fam)
        i, j = fam.twins[0]
        values = list(meaning.values)
        values[i], values[j] = values[j], values[i]
        assert (meaning.cls() == Meaning(family=fam, group=0, values=tuple(values), form=0).cls()) is same


def test_tone_marks_make_another_class():
    made = [p for p in many("vi") if p.kind == "diacritics"]
    assert len(made) > 30
    same_bare = [p for p in made if plain(strip_marks(p.a)) == plain(strip_marks(p.b))]
    assert same_bare
    assert all(p.y == 0 for p in made)


def test_texts_without_marks_are_never_ambiguous():
    """A value that differs from another only in marks is never written without them."""
    rng = random.Random(6)
    fam = family("vi", "nghia_tu")
    bare = Style(case="plain", before=0, after=0, swap=0, typo=0, bare=True)
    words = {v.key for i, v in enumerate(fam.slots[0].lexicon.values) if fam.slots[0].lexicon.tone_mates[i]}
    assert {"ma", "má", "bán", "bạn"} <= words
    for word in sorted(words):
        how = draw_wording(rng, "vi")
        how = type(how)(template=how.template, words=how.words, aliases=how.aliases, style=bare)
        at = [v.key for v in fam.slots[0].lexicon.values].index(word)
        assert f'"{word}"' in render(Meaning(family=fam, group=0, values=(at,), form=0), how)


def test_a_typing_error_never_makes_a_known_word():
    manner = catalogue.speech("en").manner
    words = {"desert", "dessert", "trail", "trial"}
    for seed in range(1, 500):
        style = Style(case="plain", before=0, after=0, swap=0, typo=seed, bare=False)
        text = dress("desert trial", "statement", style, manner, words, may_strip=False)
        assert text.split().count("dessert") + text.split().count("trail") == 0
        assert sum(a != b for a, b in zip(text.split(), ["desert", "trial"], strict=True)) <= 1


def test_quoted_words_stay():
    manner = catalogue.speech("vi").manner
    style = Style(case="plain", before=0, after=0, swap=1, typo=0, bare=False)
    assert dress('"tôi không đi" là gì', "question", style, manner, set(), may_strip=False) == '"tôi không đi" là j'


def test_numbers_in_words():
    assert [english_number(n) for n in (7, 13, 20, 42, 100, 305)] == [
        "seven",
        "thirteen",
        "twenty",
        "forty-two",
        "one hundred",
        "three hundred and five",
    ]
    assert [vietnamese_number(n) for n in (5, 10, 15, 21, 25, 105, 150)] == [
        "năm",
        "mười",
        "mười lăm",
        "hai mươi mốt",
        "hai mươi lăm",
        "một trăm lẻ năm",
        "một trăm năm mươi",
    ]


def test_faulty_tables_are_refused():
    with pytest.raises(ValueError, match="is said for"):
        read_lexicons("city entity: Paris=the capital; London=the capital")
    words = read_lexicons("city entity: Paris; London")
    with pytest.raises(ValueError, match="does not fill"):
        read_families("@ x\nwhere is {city}?\nwhere is it?", "en", words, {})
    with pytest.raises(ValueError, match="no lexicon"):
        read_families("@ x\nwhere is {town}?", "en", words, {})
    with pytest.raises(KeyError):
        catalogue.families("fr")


def test_too_many_prompts_are_an_error(monkeypatch):
    words = read_lexicons("city entity: Paris; London")
    tiny = read_families("@ x\nwhere is {city}?\n#{city} map", "en", words, {})
    monkeypatch.setattr(catalogue, "families", lambda language: tiny)
    monkeypatch.setattr(sample, "_menu", sample._menu.__wrapped__)
    monkeypatch.setattr(sample, "draw_style", lambda rng, language: NEUTRAL)
    with pytest.raises(RuntimeError, match="no more than"):
        stream(1, 100_000, language="en")
