"""Dead letters: what they hold, how they are buried, read and replayed."""
