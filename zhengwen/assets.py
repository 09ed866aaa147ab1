"""Where the models, presenters and sample entries that ship with Zhengwen lie on disk."""

from functools import cache
from importlib.resources import files
from pathlib import Path

PACKAGE = "zhengwen_assets"
"""The importable name of the folder ``assets/`` in an installed distribution."""


@cache
def assets_folder() -> Path:
    """The folder of everything that ships: ``encoder``, ``faq``, ``presenters``, ``voice``….

    In a checkout it is ``assets/`` beside this package, whether or not anything is installed;
    in an installed wheel it is the package ``zhengwen_assets``. The files are read by libraries
    that want real paths, so an installation inside a zip archive is refused.

    Raises:
        FileNotFoundError: The files were left out of the installation.
    """
    checkout = Path(__file__).resolve().parent.parent / "assets"
    if (checkout / "presenters").is_dir():
        return checkout
    try:
        installed = files(PACKAGE)
    except ModuleNotFoundError:
        installed = None
    if isinstance(installed, Path) and installed.is_dir():
        return installed
    raise FileNotFoundError(
        "the models and presenters of Zhengwen are missing: install the wheel unpacked "
        "(pip install zhengwen), or start from a checkout"
    )


def asset(*parts: str) -> Path:
    """The path of one shipped file or folder, e.g. ``asset("presenters", "suit")``."""
    return assets_folder().joinpath(*parts)
