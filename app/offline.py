"""Switch off every library's telemetry and hub access before it is imported. Nothing leaves unless configured."""

import os


def go_offline() -> None:
    """Set the environment that Chroma, Gradio and the Hugging Face libraries read at import."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a configured hub sets it to 0
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
