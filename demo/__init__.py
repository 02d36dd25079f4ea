"""The demonstration: a broker, a sandbox account, a few thousand events, the real consumer."""
