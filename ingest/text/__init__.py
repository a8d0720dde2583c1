"""The text itself: cleaned, repaired, cut into blocks, sentences and chunks, compared with others."""
