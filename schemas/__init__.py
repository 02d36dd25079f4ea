"""Events as they arrive; imports nothing of ours."""
