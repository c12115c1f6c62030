"""All HTTP sockets: server, client, connection pool, flow control, TLS."""
