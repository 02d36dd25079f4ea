"""One module a command: what is run, and the table it prints."""
