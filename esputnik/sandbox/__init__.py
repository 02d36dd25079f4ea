"""eSputnik on your machine: an account as a pure state machine, and a server around it.

wire          requests and answers        faults     what goes wrong, by dice or by rule
switches      what nobody documents       limits     requests a second
account       who answers what            server     HTTP, the only file that waits
book, contacts, imports, orders, consents, segments, sites, messages, events   what it holds
"""
