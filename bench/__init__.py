"""Measures the service beside its physical limits and its peers; README.md says how to read it."""
