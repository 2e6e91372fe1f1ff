"""Made-up prompts whose classes are known: training data for the pair verifier.

A *family* is a task ("boil an ingredient") with *slots* (the ingredient), and many *templates* that ask for the same. A
*meaning* is a family with its slots filled. Two texts of one meaning may share an answer (`cls` is equal); two texts of
different meanings may not, however alike they look. `stream` gives prompts, `pairs` gives labelled pairs.

`grammar` reads the tables, `sample` draws meanings and pairs, `surface` adds what people add (politeness, typos, lower
case). The tables are `words_*` (values of slots) and `tasks_*` (families); `grammar` says how they are written.
"""

from halfpenny.semantic_cache.training.generators.sample import Language, Pair, Prompt, pairs, stream

__all__ = ["Language", "Pair", "Prompt", "pairs", "stream"]
