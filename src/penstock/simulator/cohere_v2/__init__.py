"""Cohere's API v2, simulated: chat and embeddings."""
