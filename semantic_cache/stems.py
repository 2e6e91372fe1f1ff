# ruff: noqa: SIM905 (a table of words reads better as text)
"""A light English stemmer: plural, -ing and -ed off, some irregular forms; too little rather than too much."""

from collections.abc import Mapping
from types import MappingProxyType

_IRREGULAR: Mapping[str, str] = MappingProxyType(
    dict(
        pair.split("/")
        for pair in """
        children/child men/man women/woman people/person feet/foot teeth/tooth mice/mouse
        geese/goose wives/wife lives/life knives/knife leaves/leaf wrote/write written/write went/go
        gone/go made/make bought/buy sold/sell paid/pay sent/send got/get gotten/get took/take
        taken/take gave/give given/give found/find built/build spent/spend won/win lost/lose
        began/begin begun/begin broke/break broken/break chose/choose chosen/choose drove/drive
        driven/drive ate/eat eaten/eat fell/fall fallen/fall flew/fly flown/fly forgot/forget
        forgotten/forget grew/grow grown/grow held/hold kept/keep knew/know known/know left/leave
        led/lead met/meet ran/run said/say saw/see seen/see spoke/speak spoken/speak stole/steal
        stolen/steal swam/swim taught/teach told/tell thought/think threw/throw thrown/throw
        wore/wear worn/wear died/die dies/die dying/die lying/lie tying/tie using/use
        """.split()
    )
)
_KEEP = frozenset(
    """
    news always perhaps physics mathematics politics economics bus gas species series lens during
    thing king ring string spring morning evening wedding building meaning bring sing wing sling
    need feed seed speed breed bed red wed hundred sacred was has is his this its us plus less
    unless across glass class press cross loss boss miss address access process business status
    virus campus focus bonus census kubernetes ios aws dns https windows united sterling beijing
    """.split()
)


def stem(word: str) -> str:
    """ "boiling", "boiled", "boils" -> "boil". Words with marks or in other scripts stay as they are."""
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    if len(word) <= 3 or word in _KEEP or not word.isascii():
        return word
    return _trimmed(_without_ending(word))


def _without_ending(word: str) -> str:
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = _singular(word)
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and word not in _KEEP and len(base) > 2 and any(letter in "aeiouy" for letter in base):
            return base
    return word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _trimmed(word: str) -> str:
    """A final e and the second of two final consonants go, so that "cache", "caching"; "stop", "stopped"
    agree.
    """
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word
