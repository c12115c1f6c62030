"""Google's Gemini, simulated: on AI Studio and on Vertex AI, and what else Vertex AI serves."""
