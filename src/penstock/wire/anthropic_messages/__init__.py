"""Anthropic's messages API as a wire format: what its upstreams are asked and answer, and what its callers are told."""
