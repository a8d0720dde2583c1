"""The evidence pack: answers with numbered notes, as Markdown and as Word, for a report's appendix."""
