"""Every setting: its model, where it is read from, what may be wrong with it."""
