"""The pages for visitors and for staff; ``streamlit_app.py`` serves them."""
