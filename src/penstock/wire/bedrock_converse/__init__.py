"""AWS Bedrock's Converse API, as upstreams speak it. Where the words are mapped: ``vocabulary``."""
