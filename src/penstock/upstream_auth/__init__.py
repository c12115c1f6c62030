"""How a request proves itself to a provider. Does no I/O: a scheme says what it needs and gets the answer."""
