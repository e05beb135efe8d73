#!/bin/sh
# Builds, checks or tests the operators' pages.
#   relay/web/make.sh build|check|test                 fails where it cannot be done
#   relay/web/make.sh build|check|test --if-possible   says so there, and goes on: the relay does without its pages
set -eu
cd "$(dirname "$0")"

NODE_LEAST=20.19

main() {
    act=$1 reluctance=${2:-}
    reason=$(missing)
    [ -z "$reason" ] || give_up "$reason"
    if [ "$act" = build ] && is_built; then return 0; fi
    install || give_up "npm could not install what they need, see above"
    npm run --silent "$act"
}

give_up() {
    echo "weir: the operators' pages: no $act, $1" >&2
    [ "$reluctance" = --if-possible ] || exit 1
    exit 0
}

missing() {
    command -v node >/dev/null && command -v npm >/dev/null || { echo "Node.js $NODE_LEAST or later is not here"; return; }
    version=$(node --version) version=${version#v}
    minor=${version#*.} minor=${minor%%.*}
    [ "${version%%.*}" -gt "${NODE_LEAST%.*}" ] ||
        { [ "${version%%.*}" -eq "${NODE_LEAST%.*}" ] && [ "$minor" -ge "${NODE_LEAST#*.}" ]; } ||
        echo "Node.js $NODE_LEAST or later is needed, this is $version"
}

is_built() {
    [ -e dist/index.html ] &&
        [ -z "$(find src public index.html package.json package-lock.json vite.config.ts -newer dist/index.html)" ]
}

install() {
    if [ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then return 0; fi
    echo "weir: installing relay/web/package-lock.json into relay/web/node_modules" >&2
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
    touch node_modules/.package-lock.json
}

main "$@"
