"""What is known of a document and of its sentences: metadata, regions, figures. Rules on text; no file is read."""
