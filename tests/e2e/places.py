"""Where things are, and how patient the tests are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TROTLINE_BUILD", ROOT / "build" / "release"))
BINARY = BUILD / "trotline"
CASES = ROOT / "tests" / "cases"
# Sanitizers and a loaded machine make everything slower, never different: every deadline is multiplied by this.
PATIENCE = float(os.environ.get("TROTLINE_PATIENCE", "1"))
