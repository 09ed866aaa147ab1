"""``python -m avatar_engine.studio``: now ``… avatar_engine.training.blender presenter``."""

import sys

from ..training.blender.__main__ import main

if __name__ == "__main__":
    print("now: python -m avatar_engine.training.blender presenter", file=sys.stderr)
    sys.exit(main(["presenter", *sys.argv[1:]]))
