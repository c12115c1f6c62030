"""Gemini's ``generateContent`` and ``streamGenerateContent``, on Vertex AI and on AI Studio alike."""
