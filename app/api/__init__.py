"""Routes of the web server beside the Gradio page."""
