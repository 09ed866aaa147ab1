#!/bin/sh
# The browser tests drive Debian's Chromium; install it when we may, else say how.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium for the browser tests ..."
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
    exit $?
fi
echo "The browser tests need Chromium. Install it, for instance: sudo apt-get install chromium" >&2
exit 1
