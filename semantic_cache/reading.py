"""What the guards read out of a prompt, once per prompt: words, names, numbers, literals, language.

Pure; linear in the text; patterns run on RE2, which cannot backtrack. Those that run on `re`, which is several times
faster for short texts, have nothing to go back to. Most texts are ASCII, which rules out a lot at once.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import re2

from halfpenny.semantic_cache.lexicon import (
    AUXILIARIES,
    COURTESY_VI,
    FILLERS,
    FRAME_WORDS,
    FRAMES_AFTER,
    FUNCTION_WORDS,
    HOW_NOUNS,
    LEADING_FRAMES,
    MONTHS,
    NEGATIONS,
    NEGATIONS_VI,
    NUMBER_WORDS,
    OPPOSITES,
    POLITE,
    QUESTION_KINDS,
    QUESTION_NEGATIONS_VI,
    STOPWORDS,
    SYNONYMS,
    TIMES,
    WEEKDAYS,
)
from halfpenny.semantic_cache.numerals import Numeral, numerals
from halfpenny.semantic_cache.stems import stem

_URL = r"(?:[A-Za-z][A-Za-z0-9+.-]*://|www\.)[^\s<>\"'`]+"
_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_CODE = r"```[^`]*```|`[^`\n]+`"
_QUOTED = r"\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|‘[^’\n]+’|(?:^|[\s(:])'[^'\n]+'"
_PATH = r"(?:[A-Za-z]:\\|~/|\.{1,2}/|/)[\w.\-/\\]+"
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_DOTTED = r"\w+(?:\.\w+)+\(?\)?|\w+\(\)|\w*_\w+"
_OPERATION = r"\w\s*(?:[+*/^=<>%×÷−]|<=|>=|==|!=)\s*\w|\s-\s|\d-\d"
_LITERALS = tuple(
    (re2.compile(pattern), needed)
    for pattern, needed in (
        (_CODE, ("`",)),
        (_URL, ("://", "www.")),
        (_EMAIL, ("@",)),
        (_QUOTED, ('"', "'", "“", "«", "‘")),
        (_UUID, ("-",)),
        (_PATH, ("/", "\\")),
        (_DOTTED, (".", "_", "()")),
        (_OPERATION, tuple("+*/^=<>%×÷−-")),
    )
)
"""Patterns, each with the texts of which one is in whatever it matches."""
# A word keeps its apostrophe; C++, C# and .NET keep their signs; letters and digits part ("10gb" is "10",
# "gb").
_TOKEN = re2.compile(
    r"[Cc]\+\+|[A-Za-z]#|\.NET|(?:^|[\s(=])-\d+(?:[.,]\d+)*|\d+(?:[.,:]\d+)*|[\p{L}\p{M}]+(?:['’][\p{L}]+)*|[$€£¥₫%°½¼¾#@&<>=+*^~|]"
)
# Latin letters, marks, punctuation: what English, Vietnamese and most of Europe write.
_LATIN = re.compile(r"[\x00-\u036f\u1e00-\u1eff\u2000-\u206f€₫]*")
_LETTERS = "".join(chr(c) for c in (*range(0x370), *range(0x1E00, 0x1F00)) if unicodedata.category(chr(c))[0] == "L")
# `_TOKEN` for `_LATIN`, with what RE2 means by \s and \d. Nothing follows a repetition, so none is ever taken back.
_LATIN_TOKEN = re.compile(
    r"[Cc]\+\+|[A-Za-z]#|\.NET|(?:\A|[\t\n\f\r (=])-[0-9]+(?:[.,][0-9]+)*|[0-9]+(?:[.,:][0-9]+)*"
    rf"|[{_LETTERS}\u0300-\u036f]+(?:['’][{_LETTERS}]+)*|[$€£¥₫%°½¼¾#@&<>=+*^~|]"
)
_CLAUSE = re.compile(r"[?!.;:,\n]+")
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₫": "đồng", "%": "percent", "°": "degree"}
_CONTRACTIONS = {"can't": ("can", "not"), "won't": ("will", "not"), "let's": ("let", "us")}
# The breve, the circumflex and the horn make other vowels; Vietnamese alone puts a tone on top of them.
_VOWEL_SIGNS = frozenset("\u0302\u0306\u031b")
_SYNONYM_STEMS = {stem(word): stem(head) for word, head in SYNONYMS.items()}
_DIFFER = frozenset({"differ", "different", "compare"})
_WHEN_NOUNS = frozenset({"year", "day", "date", "time", "month"})
_GREETINGS = frozenset(
    ["please", "pls", "hi", "hello", "hey", "dear", "ok", "okay", "so", "and", "quick", "question", "sorry"]
)
OPPOSITES_OF = {
    word: frozenset({b for a, b in OPPOSITES if a == word} | {a for a, b in OPPOSITES if b == word})
    for word in {word for pair in OPPOSITES for word in pair}
}
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SPOKEN_KINDS = tuple((kind, tuple(f" {pattern} " for pattern in patterns)) for kind, patterns in QUESTION_KINDS)
_DATED = frozenset(
    word + ending for words, endings in (
        (WEEKDAYS, ("", "s", "'s", "s's")), (TIMES, ("", "s", "'s", "s's")), (MONTHS, ("", "'s")),
    ) for word in words for ending in endings
)  # fmt: skip
"""Every form of a word that may be a date."""


_T = TypeVar("_T")


class once(Generic[_T]):  # noqa: N801 - it is used as `property` is
    """`functools.cached_property` without its lock, which takes longer than most of what is computed here: two threads
    may compute the same."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: object, owner: type | None = None) -> _T:
        found = self._compute(instance)
        instance.__dict__[self._name] = found  # which is looked at first from now on
        return found


class Reading:
    """One prompt, taken apart. Everything is computed when first asked for and kept.

    Words are lower case, in NFC, contractions taken apart ("don't" is "do", "not").
    """

    def __init__(self, text: str) -> None:
        self.text = unicodedata.normalize("NFC", text).replace("’", "'").strip()

    @once
    def tokens(self) -> list[str]:
        """The words and numbers as written."""
        if _LATIN.fullmatch(self.text):
            matched = _LATIN_TOKEN.findall(self.text)
        else:
            matched = [match.group() for match in _TOKEN.finditer(self.text)]
        found: list[str] = []
        for token in matched:
            if "'" in token:
                found.extend(_parts(token))
            else:
                found.append(token.lstrip(" \t\n(=") or token)
        return found

    @once
    def words(self) -> list[str]:
        """`tokens` in lower case; "A" where it is no article and "usa" for "US" and "the us" are told apart."""
        found = []
        for at, token in enumerate(self.tokens):
            word = _SIGNS.get(token, token.casefold())
            before = self.tokens[at - 1].casefold() if at else ""
            if word == "a" and at and (token == "A" or at == len(self.tokens) - 1):
                word = "A"
            elif word == "us" and (token == "US" or before == "the"):
                word = "usa"
            found.append(word)
        return found

    @once
    def stems(self) -> frozenset[str]:
        """All words as topics are written, those that carry none among them."""
        return frozenset(topic(word) for word in self.words)

    @once
    def language(self) -> str:
        """ "en", "vi", "fr", ... or the name of a script ("cyrillic"), or "" where nothing tells."""
        script = _script(self.text)
        if script != "latin":
            return script
        if _is_vietnamese(self.text):
            return "vi"
        words = self.word_set
        counts = {language: len(words & known) for language, known in STOPWORDS.items()}
        best = max(counts, key=lambda language: (counts[language], language == "en"))
        return best if counts[best] >= 2 and counts[best] > counts["en"] else "en"

    @once
    def numerals(self) -> list[Numeral]:
        return numerals(self.words, vietnamese=self.language == "vi")

    @once
    def numbers(self) -> list[str]:
        return [numeral.value for numeral in self.numerals]

    @once
    def units(self) -> list[tuple[str, str]]:
        """Each number with the topic word after it: ("5", "mile")."""
        found = []
        for numeral in self.numerals:
            following = self.words[numeral.end : numeral.end + 3]
            unit = next((word for word in following if word not in FUNCTION_WORDS), "")
            found.append((numeral.value, topic(unit)))
        return found

    @once
    def _asked_for(self) -> set[int]:
        """Where words stand that only belong to the question: "what year", "the best way", "I want"."""
        pairs = zip(self.words, self.words[1:], strict=False)
        first = next((at for at, word in enumerate(self.words) if word not in _GREETINGS), 0)
        found = {first} if self.words[first : first + 1] and self.words[first] in LEADING_FRAMES else set()
        for at, (word, following) in enumerate(pairs):
            if (word in ("what", "which") and following in _WHEN_NOUNS) or word in FRAMES_AFTER.get(following, ()):
                found.add(at + 1)
            elif word in ("best", "right", "correct", "good") and following in HOW_NOUNS:
                found.add(at)
        return found

    @once
    def dates(self) -> Counter[str]:
        """Months (a lone lower-case "may" or "march" is none), weekdays and times of day."""
        found: Counter[str] = Counter()
        for at, (token, word) in enumerate(zip(self.tokens, self.words, strict=True)):
            if word not in _DATED or at in self._asked_for:
                continue
            plain = word.removesuffix("'s")
            if plain in WEEKDAYS or plain.removesuffix("s") in WEEKDAYS:
                found[WEEKDAYS.get(plain) or WEEKDAYS[plain.removesuffix("s")]] += 1
            elif plain in MONTHS and not (plain in {"may", "march"} and token.islower()):
                found[MONTHS[plain]] += 1
            elif plain in TIMES or plain.removesuffix("s") in TIMES:
                found[plain.removesuffix("s")] += 1
        return found

    @once
    def literals(self) -> Counter[str]:
        """Quoted text, code, addresses, paths, ids, dotted names, operations: case and spacing inside
        count.
        """
        found: Counter[str] = Counter()
        rest = self.text
        for pattern, needed in _LITERALS:
            if not any(one in rest for one in needed):
                continue
            matches = [match.group() for match in pattern.finditer(rest)]
            if matches:
                found.update(match.strip(" (:").rstrip(".,;?!") for match in matches)
                rest = pattern.sub(" ", rest)
        return found

    @once
    def negations(self) -> int:
        if self.language == "vi":
            return sum(_negations_vi(clause) for clause in _CLAUSE.split(self.text.casefold()))
        words = self.words
        return sum(word in NEGATIONS for word in words) - ("neither" in words and "nor" in words)

    @once
    def counted(self) -> str:
        """What "how many" asks for, as a topic; "" if it does not."""
        for at in range(len(self.words) - 2):
            if self.words[at] == "how" and self.words[at + 1] in ("many", "much"):
                return topic(self.words[at + 2])
        return ""

    @once
    def negated(self) -> list[str]:
        """The first topic word after each negation."""
        found = []
        for at, word in enumerate(self.words):
            if word in NEGATIONS:
                after = (w for w in self.words[at + 1 :] if w not in FUNCTION_WORDS and w not in FRAME_WORDS)
                found.append(topic(next(after, "")))
        return found

    @once
    def kind(self) -> str:
        """What the question asks for: "why", "when", "quantity", "yes or no", ...; "" for none."""
        return _question_kind(self.words)

    @once
    def names(self) -> Counter[str]:
        """Capitalised words inside a sentence, acronyms and mixed case ("iPhone"), in lower case.

        None where the writer writes all in capitals or every word with one.
        """
        return _names(self.tokens, self.text)

    @once
    def proper(self) -> set[str]:
        """`names` and the capitalised words that begin a sentence."""
        return self.names.keys() | {topic(token.casefold()) for token in self.tokens if token[0].isupper()}

    @once
    def topics(self) -> list[str]:
        """The words that say what it is about, as stems, one of each synonym group, numbers excepted, in
        order.

        In other languages than English simply the words.
        """
        if self.language != "en":
            return self.plain_words
        skipped = {at for numeral in self.numerals for at in range(numeral.start, numeral.end)} | self._asked_for
        return [
            topic(word)
            for at, word in enumerate(self.words)
            if at not in skipped and word not in FUNCTION_WORDS and word not in FRAME_WORDS and word not in NEGATIONS
        ]

    @once
    def word_set(self) -> frozenset[str]:
        return frozenset(self.words)

    @once
    def word_counts(self) -> Counter[str]:
        return Counter(self.words)

    @once
    def opposable(self) -> list[str]:
        """The words that have an opposite, each once, in order."""
        return [word for word in self.word_counts if word in OPPOSITES_OF]

    @once
    def topic_set(self) -> frozenset[str]:
        return frozenset(self.topics)

    @once
    def roles(self) -> dict[str, set[str]]:
        """The topic words right after "from" and "to" (with "into", "onto") and on either side of "than"."""
        return _roles(self.words)

    @once
    def plain_words(self) -> list[str]:
        """The words in order without courtesies: what must be equal in a language that the embedder does not
        know.
        """
        if self.language != "vi":
            return self.words
        spoken = f" {' '.join(self.words)} "
        for phrase in COURTESY_VI:
            spoken = spoken.replace(f" {phrase} ", " ")
        return spoken.split()


@lru_cache(maxsize=4096)
def topic(word: str) -> str:
    """A word's stem, or that of the head of its synonym group."""
    found = stem(word)
    return _SYNONYM_STEMS.get(found, found)


def fold(word: str) -> str:
    """Without marks: "bán" is "ban"; đ is d."""
    decomposed = unicodedata.normalize("NFD", word.replace("đ", "d"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _parts(token: str) -> Sequence[str]:
    lower = token.casefold()
    if lower in _CONTRACTIONS:
        return _CONTRACTIONS[lower]
    if lower.endswith("n't") and len(lower) > 3:
        return (token[:-3], "not")
    head, apostrophe, tail = token.partition("'")
    return (head, apostrophe + tail.casefold()) if apostrophe and head else (token,)


def _script(text: str) -> str:
    """The script of most letters, by the first word of their Unicode names."""
    if text.isascii():
        return "latin"
    scripts = Counter(_script_of(character) for character in text if character.isalpha())
    if not scripts:
        return "latin"
    script = scripts.most_common(1)[0][0]
    # A few words of CJK among Latin names are still CJK: one such letter says as much as a word.
    for dense in ("cjk", "hiragana", "katakana", "hangul"):
        if scripts[dense] * 4 > scripts.total():
            return dense
    return script


@lru_cache(maxsize=1024)
def _script_of(character: str) -> str:
    return "latin" if character.isascii() else unicodedata.name(character, "unknown").split()[0].lower()


def _is_vietnamese(text: str) -> bool:
    """Letters and tone marks that the other languages here lack; else half of the words toned, and all short.

    Syllables have at most 7 letters. A wrong yes costs a miss: equal words are then demanded.
    """
    if text.isascii():
        return False
    words = [word.strip("?!.,;:\"'()") for word in text.casefold().split()]
    for word in words:
        if word.isascii():
            continue
        for character in word:
            marks = unicodedata.normalize("NFD", character)[1:]
            stacked = len(marks) > 1 and not _VOWEL_SIGNS.isdisjoint(marks)
            if character in "đơư" or "\u0309" in marks or "\u0323" in marks or stacked:
                return True
    toned = sum(not _TONES.isdisjoint(unicodedata.normalize("NFD", word)) for word in words)
    return toned >= 2 and 2 * toned >= len(words) and max(map(len, words)) <= 7


def _negations_vi(clause: str) -> int:
    syllables = [token for token in clause.split() if token not in COURTESY_VI]
    if syllables and syllables[-1] in QUESTION_NEGATIONS_VI:
        syllables.pop()
    return sum(syllable in NEGATIONS_VI for syllable in syllables)


def _question_kind(words: Sequence[str]) -> str:
    spoken = f" {' '.join(words)} ".replace(" 's ", " is ").replace(" time zone", " timezone")
    for kind, patterns in _SPOKEN_KINDS:
        if any(pattern in spoken for pattern in patterns):
            # "How do A and B differ?" asks for a thing and not for a way.
            return "what" if kind == "how" and _DIFFER & set(words) else kind
    asked = [word for word in words if word not in _GREETINGS]
    if not asked or "please" in words or asked[0] not in AUXILIARIES or (asked[0] in POLITE and asked[1:2] == ["you"]):
        return ""
    return "how" if HOW_NOUNS & set(asked) or asked[:3] == ["is", "it", "possible"] else AUXILIARIES[asked[0]]


def _names(tokens: Sequence[str], text: str) -> Counter[str]:
    if text.isupper() or (text.isascii() and text == text.lower()):
        return Counter()
    found: Counter[str] = Counter()
    capitalised = long_words = 0
    at = 0
    for token in tokens:
        at = max(text.find(token, at), at)
        if not token[0].isalpha():
            continue
        lower = token.casefold()
        begin = at
        at += len(token)
        long_words += len(token) > 3
        capitalised += len(token) > 3 and token[0].isupper()
        shouted = len(token) > 1 and token.isupper()
        mixed = any(character.isupper() for character in token[1:])
        if token != "US" and (lower in FUNCTION_WORDS or lower in NUMBER_WORDS or lower == "not"):
            continue
        if shouted or mixed or (token[0].isupper() and not _begins_sentence(text, begin)):
            found[topic("usa" if token == "US" else lower)] += 1
    return Counter() if long_words > 3 and capitalised > 0.8 * long_words else found


def _begins_sentence(text: str, at: int) -> bool:
    """Whether a letter or digit stands there, and none between it and the end of another sentence or an opening."""
    if not text[at : at + 1].isalnum():
        return False
    while at:
        at -= 1
        if text[at].isalnum():
            return False
        if text[at] in '.?!:\n;"“(':
            return True
    return True


def _roles(words: Sequence[str]) -> dict[str, set[str]]:
    roles: dict[str, set[str]] = {"source": set(), "target": set()}
    for at, word in enumerate(words):
        role = {"from": "source", "to": "target", "into": "target", "onto": "target"}.get(word)
        if role is None:
            continue
        after = [topic(w) for w in words[at + 1 : at + 4] if w not in FUNCTION_WORDS and w not in FILLERS]
        roles[role].update(after[:1])
    return roles
