"""OpenAI chat completions: read by a relay between two ends of it, spoken to callers, and spoken to providers."""
