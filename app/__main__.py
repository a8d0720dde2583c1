"""`python -m app` is `policyqa`."""

import sys

from app.cli import main

sys.exit(main())
