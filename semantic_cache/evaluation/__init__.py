"""How good is a decision rule on labelled prompts?

`rows` reads the files, `vectors` embeds their texts, `streams` runs a rule over a stream and scores it, `controls` and
`vcache` are the rules that ours is compared with, `plots` draws. A *rule* decides which request is served from the
cache; *labels* are the classes of the file: equal class, same answer.
"""
