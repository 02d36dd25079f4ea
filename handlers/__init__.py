"""Pure functions from an event to the calls it asks of eSputnik."""
