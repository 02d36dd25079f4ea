"""Yardsticks made of the service's own parts: what is left when the rest is taken away."""
