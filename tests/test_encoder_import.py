"""The sentence encoder starts without torch, or without what text2vec imports beside its model."""

import subprocess
import sys

SHIPPED = """
import sys
from retrievers.encoder import SentenceEncoder
from zhengwen.assets import asset
encoder = SentenceEncoder(asset("encoder"))
assert encoder.encode(["你好"]).shape == (1, encoder.dimension)
print([name for name in ("torch", "transformers", "text2vec") if name in sys.modules])
"""

THROUGH_TEXT2VEC = """
import sys
from retrievers.encoder import Text2VecModel
from zhengwen.assets import asset
encoder = Text2VecModel(asset("encoder"), 256)
assert encoder.embed(["你好"]).shape == (1, encoder.dimension)
print([name for name in ("datasets", "pandas", "jieba.posseg") if name in sys.modules])
import text2vec
print(text2vec.SentenceModel.__name__, text2vec.BM25.__name__)
"""


def output_of(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_encoder_that_ships_needs_no_torch() -> None:
    assert output_of(SHIPPED) == ["[]"]


def test_data_sets_and_trainers_are_not_imported_and_text2vec_stays_whole() -> None:
    assert output_of(THROUGH_TEXT2VEC)[-2:] == ["[]", "SentenceModel BM25"]
