"""政问: the pages for visitors and for staff, as Streamlit serves them.

Started with ``streamlit run streamlit_app.py`` in this folder, beside ``python -m agent serve``.
"""

from starlette.middleware import Middleware
from streamlit.starlette import App

from page.same_origin import SameOriginOnly
from page.upload_access import StaffUploadsOnly

app = App("page/script.py", middleware=[Middleware(SameOriginOnly), Middleware(StaffUploadsOnly)])
