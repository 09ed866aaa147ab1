"""政问: the pages for visitors and for staff, as Streamlit serves them.

Started with ``streamlit run streamlit_app.py`` in this folder, beside ``python -m agent serve``.
"""

import logging
import sys

from starlette.middleware import Middleware
from streamlit.starlette import App

from agent.log_format import log_as_json, start_log
from agent.settings import SettingsError, read_settings
from page.upload_access import StaffUploadsOnly
from page.websocket_access import SameOriginOnly, SmallMessagesOnly

# uvicorn imports this file when its own handlers, and those of Streamlit, are there.
start_log(logging.WARNING)
try:
    if read_settings().log_format == "json":
        log_as_json()
except SettingsError as error:
    sys.exit(f"page: {error}")

app = App(
    "page/script.py",
    middleware=[
        Middleware(SameOriginOnly),
        Middleware(SmallMessagesOnly),
        Middleware(StaffUploadsOnly),
    ],
)
