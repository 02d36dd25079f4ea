"""eSputnik on your machine: an account as a pure state machine, and a server around it.

account    a request in, an answer out          parts     who answers which call
guard      what stands before every answer      limits    requests a second
faults     what goes wrong, by dice             rules     and by rule
switches   what nobody documents                routes    which request is which call
journal    what was asked                       server    HTTP, the only file that waits
book, given, writer, contacts, imports, merging, orders, consents, segments, activity, tokens,
sites, inbox, messages, events, general         what the account holds
"""
