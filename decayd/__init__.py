"""decayd watches AI features decay in production and turns their failures into training sets."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# In a wheel the other folders travel as decayd/_app, so that only `decayd` is installed.
_APP = Path(__file__).with_name("_app")
if _APP.is_dir():
    sys.path.insert(0, str(_APP))
