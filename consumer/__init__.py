"""The service: records in, eSputnik kept in step."""

__version__ = "0.1.0"
