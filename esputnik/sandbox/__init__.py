"""eSputnik on your machine: an account as a pure state machine, and a server around it.

wire       requests and answers          faults   what goes wrong, by dice or by rule
switches   what nobody documents         limits   requests a second
routes     which request is which call   account  who answers what
server     HTTP, the only file that waits
book, contacts, checks, imports, merging, orders, consents, segments, sites, messages, events,
general    what the account holds
"""
