"""The eSputnik API and nothing else; imports nothing of ours."""
