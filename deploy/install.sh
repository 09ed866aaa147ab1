#!/bin/sh
# Install what is locked, then torch's build for this machine, then Zhengwen itself, editable.
#   sh deploy/install.sh LOCK [EXTRAS]      e.g. requirements-test.lock [test]
# uv is used when it is on the PATH, pip otherwise. TORCH_INDEX='--index-url …' chooses a build.
set -e
lock=$1
extras=$2
python=.venv/bin/python
cpu='--index-url https://download.pytorch.org/whl/cpu'

if command -v uv >/dev/null; then
    [ -d .venv ] || uv venv --quiet --python "$PYTHON" .venv
    install="uv pip install --quiet --python $python"
    quick=
else
    [ -d .venv ] || "$PYTHON" -m venv .venv
    install="$python -m pip install --quiet --disable-pip-version-check --no-compile"
    quick='--retries 0 --timeout 15'
fi

torch() {
    $install -r deploy/torch.txt "$@"
}
if [ -n "$TORCH_INDEX" ]; then
    torch $TORCH_INDEX
elif [ "$(uname -s)" = Linux ] && [ ! -e /proc/driver/nvidia/version ]; then
    # Without an NVIDIA card the CPU's build does, which is ten times smaller.
    torch $cpu $quick 2>/dev/null || {
        echo 'the index of CPU builds of torch cannot be reached; taking the usual one'
        torch
    }
else
    torch
fi
$install --no-deps --require-hashes -r "$lock"
# Whatever pyproject.toml asks for beyond the lock: nothing, when the lock is up to date.
$install -e ".$extras"
# Byte code is made here, once and on all cores: without it a start takes three times as long.
# Tests of the libraries and Chroma's client of Kubernetes are never imported.
$python -m compileall -q -j 0 -x '/(tests?|testing|kubernetes)/' .venv/lib >/dev/null 2>&1 || true
