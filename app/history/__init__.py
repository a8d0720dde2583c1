"""Conversations kept across restarts: asked, answered, rated; found again, renamed, removed, replayed."""
