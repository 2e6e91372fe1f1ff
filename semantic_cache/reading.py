"""What the guards read out of a prompt, once per prompt: words, names, numbers, literals, language.

Pure; linear in the text; patterns run on RE2, which cannot backtrack.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

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
_LITERALS = tuple(re2.compile(pattern) for pattern in (_CODE, _URL, _EMAIL, _QUOTED, _UUID, _PATH, _DOTTED, _OPERATION))
# A word keeps its apostrophe; C++, C# and .NET keep their signs; letters and digits part ("10gb" is "10",
# "gb").
_TOKEN = re2.compile(
    r"[Cc]\+\+|[A-Za-z]#|\.NET|(?:^|[\s(=])-\d+(?:[.,]\d+)*|\d+(?:[.,:]\d+)*|[\p{L}\p{M}]+(?:['’][\p{L}]+)*|[$€£¥₫%°½¼¾#@&<>=+*^~|]"
)
_CLAUSE = re2.compile(r"[?!.;:,\n]+")
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
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


class Reading:
    """One prompt, taken apart. Everything is computed when first asked for and kept.

    Words are lower case, in NFC, contractions taken apart ("don't" is "do", "not").
    """

    def __init__(self, text: str) -> None:
        self.text = unicodedata.normalize("NFC", text).replace("’", "'").strip()

    @cached_property
    def tokens(self) -> list[str]:
        """The words and numbers as written."""
        found: list[str] = []
        for match in _TOKEN.finditer(self.text):
            token = match.group()
            found.extend(_parts(token.lstrip(" \t\n(=") or token))
        return found

    @cached_property
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

    @cached_property
    def stems(self) -> frozenset[str]:
        """All words as topics are written, those that carry none among them."""
        return frozenset(topic(word) for word in self.words)

    @cached_property
    def language(self) -> str:
        """ "en", "vi", "fr", ... or the name of a script ("cyrillic"), or "" where nothing tells."""
        script = _script(self.text)
        if script != "latin":
            return script
        if _is_vietnamese(self.text):
            return "vi"
        words = set(self.words)
        counts = {language: len(words & known) for language, known in STOPWORDS.items()}
        best = max(counts, key=lambda language: (counts[language], language == "en"))
        return best if counts[best] >= 2 and counts[best] > counts["en"] else "en"

    @cached_property
    def numerals(self) -> list[Numeral]:
        return numerals(self.words, vietnamese=self.language == "vi")

    @cached_property
    def numbers(self) -> list[str]:
        return [numeral.value for numeral in self.numerals]

    @cached_property
    def units(self) -> list[tuple[str, str]]:
        """Each number with the topic word after it: ("5", "mile")."""
        found = []
        for numeral in self.numerals:
            following = self.words[numeral.end : numeral.end + 3]
            unit = next((word for word in following if word not in FUNCTION_WORDS), "")
            found.append((numeral.value, topic(unit)))
        return found

    @cached_property
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

    @cached_property
    def dates(self) -> Counter[str]:
        """Months (a lone lower-case "may" or "march" is none), weekdays and times of day."""
        found: Counter[str] = Counter()
        for at, (token, word) in enumerate(zip(self.tokens, self.words, strict=True)):
            if at in self._asked_for:
                continue
            plain = word.removesuffix("'s")
            if plain in WEEKDAYS or plain.removesuffix("s") in WEEKDAYS:
                found[WEEKDAYS.get(plain) or WEEKDAYS[plain.removesuffix("s")]] += 1
            elif plain in MONTHS and not (plain in {"may", "march"} and token.islower()):
                found[MONTHS[plain]] += 1
            elif plain in TIMES or plain.removesuffix("s") in TIMES:
                found[plain.removesuffix("s")] += 1
        return found

    @cached_property
    def literals(self) -> Counter[str]:
        """Quoted text, code, addresses, paths, ids, dotted names, operations: case and spacing inside
        count.
        """
        found: Counter[str] = Counter()
        rest = self.text
        for pattern in _LITERALS:
            matches = [match.group() for match in pattern.finditer(rest)]
            if matches:
                found.update(match.strip(" (:").rstrip(".,;?!") for match in matches)
                rest = pattern.sub(" ", rest)
        return found

    @cached_property
    def negations(self) -> int:
        if self.language == "vi":
            return sum(_negations_vi(clause) for clause in _CLAUSE.split(self.text.casefold()))
        words = self.words
        return sum(word in NEGATIONS for word in words) - ("neither" in words and "nor" in words)

    @cached_property
    def counted(self) -> str:
        """What "how many" asks for, as a topic; "" if it does not."""
        for at in range(len(self.words) - 2):
            if self.words[at] == "how" and self.words[at + 1] in ("many", "much"):
                return topic(self.words[at + 2])
        return ""

    @cached_property
    def negated(self) -> list[str]:
        """The first topic word after each negation."""
        found = []
        for at, word in enumerate(self.words):
            if word in NEGATIONS:
                after = (w for w in self.words[at + 1 :] if w not in FUNCTION_WORDS and w not in FRAME_WORDS)
                found.append(topic(next(after, "")))
        return found

    @cached_property
    def kind(self) -> str:
        """What the question asks for: "why", "when", "quantity", "yes or no", ...; "" for none."""
        return _question_kind(self.words)

    @cached_property
    def names(self) -> Counter[str]:
        """Capitalised words inside a sentence, acronyms and mixed case ("iPhone"), in lower case.

        None where the writer writes all in capitals or every word with one.
        """
        return _names(self.tokens, self.text)

    @cached_property
    def proper(self) -> set[str]:
        """`names` and the capitalised words that begin a sentence."""
        return self.names.keys() | {topic(token.casefold()) for token in self.tokens if token[0].isupper()}

    @cached_property
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

    @cached_property
    def roles(self) -> dict[str, set[str]]:
        """The topic words right after "from" and "to" (with "into", "onto") and on either side of "than"."""
        return _roles(self.words)

    @cached_property
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
    scripts = Counter(
        "latin" if character.isascii() else unicodedata.name(character, "unknown").split()[0].lower()
        for character in text
        if character.isalpha()
    )
    if not scripts:
        return "latin"
    script = scripts.most_common(1)[0][0]
    # A few words of CJK among Latin names are still CJK: one such letter says as much as a word.
    for dense in ("cjk", "hiragana", "katakana", "hangul"):
        if scripts[dense] * 4 > scripts.total():
            return dense
    return script


def _is_vietnamese(text: str) -> bool:
    """Letters and tone marks that the other languages here lack; else half of the words toned, and all short.

    Syllables have at most 7 letters. A wrong yes costs a miss: equal words are then demanded.
    """
    words = [word.strip("?!.,;:\"'()") for word in text.casefold().split()]
    for word in words:
        for character in word:
            marks = unicodedata.normalize("NFD", character)[1:]
            stacked = len(marks) > 1 and not _VOWEL_SIGNS.isdisjoint(marks)
            if character in "đơư" or "\u0309" in marks or "\u0323" in marks or stacked:
                return True
    toned = sum(any(mark in _TONES for mark in unicodedata.normalize("NFD", word)) for word in words)
    return toned >= 2 and 2 * toned >= len(words) and max(map(len, words)) <= 7


def _negations_vi(clause: str) -> int:
    syllables = [token for token in clause.split() if token not in COURTESY_VI]
    if syllables and syllables[-1] in QUESTION_NEGATIONS_VI:
        syllables.pop()
    return sum(syllable in NEGATIONS_VI for syllable in syllables)


def _question_kind(words: Sequence[str]) -> str:
    spoken = f" {' '.join(words)} ".replace(" 's ", " is ").replace(" time zone", " timezone")
    for kind, patterns in QUESTION_KINDS:
        if any(f" {pattern} " in spoken for pattern in patterns):
            # "How do A and B differ?" asks for a thing and not for a way.
            return "what" if kind == "how" and _DIFFER & set(words) else kind
    asked = [word for word in words if word not in _GREETINGS]
    if not asked or "please" in words or asked[0] not in AUXILIARIES or (asked[0] in POLITE and asked[1:2] == ["you"]):
        return ""
    return "how" if HOW_NOUNS & set(asked) or asked[:3] == ["is", "it", "possible"] else AUXILIARIES[asked[0]]


def _names(tokens: Sequence[str], text: str) -> Counter[str]:
    if text.isupper():
        return Counter()
    starts = _sentence_starts(text)
    found: Counter[str] = Counter()
    capitalised = long_words = 0
    at = 0
    for token in tokens:
        at = max(text.find(token, at), at)
        if not token[0].isalpha():
            continue
        lower = token.casefold()
        initial = at in starts
        at += len(token)
        long_words += len(token) > 3
        capitalised += len(token) > 3 and token[0].isupper()
        shouted = len(token) > 1 and token.isupper()
        mixed = any(character.isupper() for character in token[1:])
        if token != "US" and (lower in FUNCTION_WORDS or lower in NUMBER_WORDS or lower == "not"):
            continue
        if shouted or mixed or (token[0].isupper() and not initial):
            found[topic("usa" if token == "US" else lower)] += 1
    return Counter() if long_words > 3 and capitalised > 0.8 * long_words else found


def _sentence_starts(text: str) -> set[int]:
    starts = set()
    fresh = True
    for at, character in enumerate(text):
        if character.isalnum():
            if fresh:
                starts.add(at)
            fresh = False
        elif character in '.?!:\n;"“(':
            fresh = True
    return starts


def _roles(words: Sequence[str]) -> dict[str, set[str]]:
    roles: dict[str, set[str]] = {"source": set(), "target": set()}
    for at, word in enumerate(words):
        role = {"from": "source", "to": "target", "into": "target", "onto": "target"}.get(word)
        if role is None:
            continue
        after = [topic(w) for w in words[at + 1 : at + 4] if w not in FUNCTION_WORDS and w not in FILLERS]
        roles[role].update(after[:1])
    return roles
