"""Counting the tokens of a prompt, for callers of Anthropic's format, at providers with APIs of their own."""
