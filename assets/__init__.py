"""Models, presenters and sample entries; installed under the name ``zhengwen_assets``."""
