"""Which libraries have threads of their own while visitors are served."""

from threadpoolctl import threadpool_limits


def keep_blas_single() -> None:
    """Let numpy and scipy multiply matrices in the thread that asks; when all is imported.

    Their matrices are small here, and after each product OpenBLAS' other threads look for the
    next one for a while, busily: with four visitors they took a core
    (``python -m eval load --sessions 4 --avatar wav2lip384``: .48 s of CPU for a second of
    media, .38 without them).
    """
    threadpool_limits(limits=1, user_api="blas")
