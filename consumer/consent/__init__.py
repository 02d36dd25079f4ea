"""Who may be written to: what people said, remembered as keyed hashes, and what follows from it.

hashing     a secret becomes the keyed hashes that stand for people
words       what was said: a word, and all that is known of one name
packing     words as bytes
memory      everything known, by hash
records     the memory's records in its topic
reading     what the topic's records tell
topic       the topic: read at start, followed, written
rules       what follows from what was said
admission   what was decided of one event
admitting   decides when an event is taken; `moving` of another e-mail
judging     compares an opt-in with what is remembered
opt_ins     decides right before an opt-in is sent; `feed` asks eSputnik
crossing    looks again after the calls
foresight   what would come of an event, for those who only look
desk        the one object that the worker asks
"""
