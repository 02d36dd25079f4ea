"""What stands in for eSputnik: answers as fast as it can and remembers what came."""
