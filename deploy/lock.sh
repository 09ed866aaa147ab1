#!/bin/sh
# Write requirements.lock (what runs) and requirements-test.lock (what tests): every package with
# its version and hashes, for Python 3.11 to 3.13 on Linux, macOS and Windows. Needs uv.
# torch is left out: which of its builds is right depends on the machine (deploy/install.sh).
set -e
cd "$(dirname "$0")/.."
without=$(mktemp)
beside=$(mktemp)
trap 'rm -f "$without" "$beside"' EXIT
echo 'torch ; python_version < "3"' >"$without"
printf 'sympy\nnetworkx\njinja2\nfsspec\nsetuptools\n' >"$beside" # what every build of torch needs
lock() {
    output=$1
    shift
    uv pip compile pyproject.toml "$beside" "$@" --universal --python-version 3.11 \
        --generate-hashes --no-annotate --overrides "$without" --quiet \
        --custom-compile-command 'make lock' --output-file "$output"
}
lock requirements-test.lock --extra test
lock requirements.lock --constraint requirements-test.lock
