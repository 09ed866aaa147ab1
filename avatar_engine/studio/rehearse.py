"""``python -m avatar_engine.studio.rehearse``: now ``… avatar_engine.training.blender mouths``."""

import sys

from ..training.blender.__main__ import main

if __name__ == "__main__":
    print("now: python -m avatar_engine.training.blender mouths", file=sys.stderr)
    sys.exit(main(["mouths", *sys.argv[1:]]))
