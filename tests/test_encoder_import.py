"""The sentence encoder starts without what text2vec imports beside its model."""

import subprocess
import sys

CODE = """
import sys
import retrievers.encoder
from zhengwen.assets import asset
encoder = retrievers.encoder.SentenceEncoder(asset("encoder"))
assert encoder.encode(["你好"]).shape == (1, encoder.dimension)
print([name for name in ("datasets", "pandas", "jieba.posseg") if name in sys.modules])
import text2vec
print(text2vec.SentenceModel.__name__, text2vec.BM25.__name__)
"""


def test_data_sets_and_trainers_are_not_imported_and_text2vec_stays_whole() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["[]", "SentenceModel BM25"]
