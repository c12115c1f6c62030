"""Anthropic's Messages API, simulated: on its own host, on Bedrock (InvokeModel) and on Vertex AI (rawPredict)."""
