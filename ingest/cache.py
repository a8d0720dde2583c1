"""Where built models and dictionary caches are kept between runs."""

import os
from pathlib import Path


def default_cache_dir() -> Path:
    """Return POLICYQA_CACHE, else the user's cache folder. It may not exist yet."""
    import platformdirs

    return Path(os.environ.get("POLICYQA_CACHE") or platformdirs.user_cache_dir("policyqa"))
