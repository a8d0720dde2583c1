"""Answers worded by a configured LLM, out of numbered source sentences."""
