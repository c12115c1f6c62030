"""AWS Bedrock, simulated: Converse, InvokeModel with Anthropic's body, and embeddings, in real frames."""
