"""From a Query to evidence: chunks found and ranked, their sentences, the figures that answer."""
