"""Wire formats: how a request and its answer are written in bytes. Pure: no event loop, no sockets."""
