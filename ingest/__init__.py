"""From files to an index: read, clean, repair, split, describe, embed, store."""

import os

# ONNX Runtime (from 1.32) makes an id of the device and sends usage events from its import on; Chroma and the OCR models
# import it too. So it is silenced here, before anything of ours can.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
