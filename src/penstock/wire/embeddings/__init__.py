"""Embeddings between formats: what a caller asks in OpenAI's, and the formats of providers that have their own.

One module for each provider's format, which declares its ``UPSTREAM``; ``openai_caller`` declares the caller's side.
"""
