"""The life of a request, from the parsed head to the last byte of the answer."""
