"""Gold questions, metrics and the gate."""
