"""Cohere's chat, API v2 (``POST /v2/chat``), as a format that upstreams speak."""
