"""From files to an index: read, clean, repair, split, describe, embed, store."""
