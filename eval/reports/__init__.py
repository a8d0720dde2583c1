"""A run told to people and to CI: Markdown, JUnit XML and one HTML page, made from summary and trace."""
