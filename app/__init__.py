"""From a question to a verified, cited answer, and the ways to ask it."""
