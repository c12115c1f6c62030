"""How messages are cut out of a byte stream, whatever the cuts of the network. Pure."""
