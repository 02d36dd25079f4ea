"""What one would write or install instead, each in its usual form."""
