"""From a question as typed, with its history, to a Query. Rules on text; nothing is searched."""
