"""Who may be written to: what people said, remembered as keyed hashes, and what follows from it.

hashing    a secret becomes the keyed hashes that stand for people
words      what was said: a word, and all that is known of one name
memory     everything known, by hash
records    the memory's records in its topic
rules      what follows: pure decisions
topic      the memory's topic: read, followed, written
feed       the question to eSputnik's activity feed, asked before an opt-in
desk       the one object that the worker asks
"""
