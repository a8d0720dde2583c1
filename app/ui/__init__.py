"""The Gradio page: one file per pane, with its words in `strings`, its looks in style.css and page.js."""
