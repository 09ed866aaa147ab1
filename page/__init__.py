"""The parts of the visitors' page; ``streamlit_app.py`` puts them together."""
