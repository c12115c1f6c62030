"""Credentials that expire: who gives them, and how they stay fresh without a request waiting for it."""
