"""The commands: options in, exit codes out, and what each of them does."""
