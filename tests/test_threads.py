"""While visitors are served, small matrices are multiplied by whoever asks."""

import subprocess
import sys

PROGRAM = """
import numpy, scipy.linalg
from threadpoolctl import threadpool_info
from agent.serving.process import use_one_blas_thread

use_one_blas_thread()
print(*(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"))
"""


def test_no_product_of_matrices_starts_threads_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True)
    assert set(done.stdout.split()) == {b"1"}
