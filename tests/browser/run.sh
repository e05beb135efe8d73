#!/bin/sh
# Drives the pages in a browser; left out, and said so, where no Node.js could build them.
set -eu
cd "$(dirname "$0")"

if [ ! -e ../../relay/web/dist/index.html ]; then
    echo "weir: no browser tests, since no pages were built (relay/web/make.sh build says why)" >&2
    exit 0
fi
npm run --silent check
npm run --silent test -- "$@"
