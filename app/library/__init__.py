"""The library: documents that the page's users add, describe, take out and bring back, while questions go on."""
