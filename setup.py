"""What ``pyproject.toml`` cannot say: ``assets/`` is installed as ``zhengwen_assets``."""

from setuptools import find_packages, setup

PACKAGES = ("zhengwen", "agent", "retrievers", "tts_engine", "avatar_engine", "ingest", "eval")
PACKAGES += ("page",)

setup(
    packages=[
        *find_packages(include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]),
        "zhengwen_assets",
    ],
    package_dir={"zhengwen_assets": "assets"},
    package_data={
        "": ["py.typed"],
        "avatar_engine": ["**/*.png", "**/*.yaml"],
        "eval": ["templates/*.j2", "speech/*.txt"],
        "ingest": ["**/*.ttf"],
        "page": ["**/*.css", "**/*.html", "**/*.js", "**/*.png"],
        "retrievers": ["**/*.toml"],
        "zhengwen_assets": ["**/*"],
    },
)
