"""``python -m page``: ``streamlit run`` on the page, with its slow imports done beforehand.

Streamlit runs a script only when somebody opens it: what the script imports, the
first visitor would wait for. Options are those of ``streamlit run``; :data:`OPTIONS` hold also
where the ``.streamlit`` folder of a checkout is not.
"""

import sys
from pathlib import Path

import pandas  # noqa: F401
import pyarrow  # noqa: F401
from streamlit.web import cli

import agent.settings  # noqa: F401

from .staff.uploads import log_no_broken_uploads
from .visitor import chat  # noqa: F401

SCRIPT = Path(__file__).resolve().parent.parent / "streamlit_app.py"
OPTIONS = (
    *("--client.showErrorDetails", "none"),
    *("--browser.gatherUsageStats", "false"),
    *("--server.maxUploadSize", "300"),
    *("--server.maxMessageSize", "20"),
)

if __name__ == "__main__":
    log_no_broken_uploads()
    sys.argv = ["streamlit", "run", str(SCRIPT), *OPTIONS, *sys.argv[1:]]
    sys.exit(cli.main())
