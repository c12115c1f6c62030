"""Penstock, an AI gateway: one OpenAI-compatible address in front of many providers."""

__version__ = "0.1.0"
