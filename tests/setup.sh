#!/bin/sh
# Installs what the make targets need and the machine lacks; says nothing when nothing is to be done.
#   tests/setup.sh run     to build and run: a C compiler, libclang (for bindgen), redis-server
#   tests/setup.sh test    the same, the SDKs for Python and Node.js that the tests drive, curl, a Chromium and what
#                          drives it, and where it can be had a valkey-server (tests/valkey.sh)
#   tests/setup.sh clients the same, and the coding agents of tests/clients
# On Debian and Ubuntu it installs (with sudo when not root); elsewhere it says what to install.
set -eu
cd "$(dirname "$0")/.."

RUST_MINOR=95  # rust-version in Cargo.toml
REDIS_MAJOR=7
NODE_MAJOR=18

purpose=${1:-run}
case $purpose in run | test | clients) ;; *) echo "usage: tests/setup.sh [run|test|clients]" >&2; exit 2 ;; esac

main() {
    require_rust
    install_missing
    require_redis
    if [ "$purpose" != run ]; then
        require_node
        install_python_sdks
        install_node_sdks
        install_browser_tests
        tests/valkey.sh
    fi
    if [ "$purpose" = clients ]; then
        install_from_npm tests/clients target/clients
    fi
}

fail() {
    printf 'weir: %s\n' "$@" >&2
    exit 1
}

require_rust() {
    command -v cargo >/dev/null || fail "Rust is missing: install it from https://rustup.rs"
    version=$(rustc --version) || fail "rustc does not start; see above"
    minor=$(echo "$version" | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')
    [ "${minor:-0}" -ge "$RUST_MINOR" ] ||
        fail "Rust 1.$RUST_MINOR or later is needed, this is $version: run 'rustup update stable'"
}

require_redis() {
    version=$("$(redis_server)" --version)
    major=$(echo "$version" | sed -n 's/.* v=\([0-9]*\).*/\1/p')
    [ "${major:-0}" -ge "$REDIS_MAJOR" ] || fail \
        "Redis $REDIS_MAJOR.0 or Valkey 7.2 or later is needed, this is: $version" \
        "Name another one in WEIR_REDIS_SERVER; see https://redis.io/docs/latest/operate/oss_and_stack/install/"
}

require_node() {
    version=$(node --version)
    major=$(echo "$version" | sed -n 's/^v\([0-9]*\).*/\1/p')
    [ "${major:-0}" -ge "$NODE_MAJOR" ] || fail \
        "Node.js $NODE_MAJOR or later is needed, this is: $version" "See https://nodejs.org/en/download"
}

redis_server() { echo "${WEIR_REDIS_SERVER:-redis-server}"; }

# What is missing, by the name that package_of knows.
missing() {
    has_c_compiler || echo cc
    has_libclang || echo libclang
    command -v "$(redis_server)" >/dev/null || echo redis
    [ "$purpose" != run ] || return 0
    has_python || echo python
    command -v node >/dev/null || echo node
    command -v npm >/dev/null || echo npm
    has_chromium || echo chromium
    command -v curl >/dev/null || echo curl
}

has_c_compiler() {
    printf '#include <stdio.h>\n' | cc -E -x c - >/dev/null 2>&1
}

# bindgen needs the library and the headers that belong to it.
has_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    some_file /usr/lib/llvm*/lib*/libclang[.-]*so* /usr/lib*/libclang[.-]*so* /usr/lib/*/libclang[.-]*so* \
        /usr/local/lib*/libclang[.-]*so* /Library/Developer/CommandLineTools/usr/lib/libclang.dylib \
        /opt/homebrew/opt/llvm/lib/libclang.dylib /usr/local/opt/llvm/lib/libclang.dylib &&
        some_file /usr/lib/llvm*/lib*/clang/*/include/stddef.h /usr/lib*/clang/*/include/stddef.h \
            /usr/local/lib*/clang/*/include/stddef.h /Library/Developer/CommandLineTools/usr/lib/clang/*/include/stddef.h \
            /opt/homebrew/opt/llvm/lib/clang/*/include/stddef.h /usr/local/opt/llvm/lib/clang/*/include/stddef.h
}

some_file() {
    for file; do
        if [ -e "$file" ]; then return 0; fi
    done
    return 1
}

has_chromium() {
    [ -n "${WEIR_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

has_python() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

install_missing() {
    needs=$(missing)
    [ -n "$needs" ] || return 0
    for manager in apt-get dnf pacman zypper apk brew other; do
        if command -v $manager >/dev/null; then break; fi
    done
    packages=$(for need in $needs; do package_of $manager "$need"; done | tr '\n' ' ')
    packages=${packages% } packages=${packages%,}
    case $manager in
        apt-get) install_with_apt ;;
        dnf | zypper) fail "install what is missing: sudo $manager install $packages" ;;
        pacman) fail "install what is missing: sudo pacman -S $packages" ;;
        apk) fail "install what is missing: sudo apk add $packages" ;;
        brew) fail "install what is missing: brew install $packages" ;;
        other) fail "install what is missing: $packages" ;;
    esac
}

package_of() {
    case $1:$2 in
        apt-get:cc) echo gcc libc6-dev ;;
        apt-get:libclang) echo libclang-dev ;;
        apt-get:redis) echo redis-server ;;
        apt-get:python) echo python3 python3-venv ;;
        apt-get:chromium) echo chromium fonts-liberation ;;
        dnf:cc) echo gcc glibc-devel ;;
        dnf:libclang) echo clang-devel ;;
        dnf:redis) echo valkey-compat-redis ;;
        zypper:cc) echo gcc glibc-devel ;;
        zypper:libclang) echo clang-devel ;;
        apk:cc) echo gcc musl-dev ;;
        apk:libclang) echo clang-dev ;;
        brew:cc | pacman:cc) echo gcc ;;
        brew:libclang) echo llvm ;;
        pacman:libclang) echo clang ;;
        pacman:redis) echo valkey ;;
        pacman:python) echo python ;;
        other:cc) echo "a C compiler," ;;
        other:libclang) echo "libclang with its headers," ;;
        other:redis) echo "redis-server $REDIS_MAJOR.0 or later," ;;
        other:python) echo "python3 with venv," ;;
        other:node) echo "Node.js $NODE_MAJOR or later," ;;
        other:npm) echo "npm," ;;
        other:curl) echo "curl" ;;
        *:python) echo python3 ;;
        *:redis) echo redis ;;
        brew:node | brew:npm) echo node ;;
        *:node) echo nodejs ;;
        *:npm) echo npm ;;
        *:chromium) echo chromium ;;
        *:curl) echo curl ;;
    esac
}

install_with_apt() {
    sudo=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "install what is missing, as root: apt-get install $packages"
        sudo=sudo
    fi
    echo "weir: installing $packages" >&2
    case " $packages " in *" redis-server "*) keep_daemon_off ;; esac
    # A new machine has no package lists, an old one lists what is no longer there.
    if ! try_apt install $packages >/dev/null 2>&1; then
        try_apt update && try_apt install $packages || fail "could not install $packages; see above"
    fi
}

try_apt() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$@" >/dev/null
}

# The package would start a server on port 6379, which nobody asked for: only the program is wanted.
keep_daemon_off() {
    policy=/usr/sbin/policy-rc.d
    trap daemon_stays_off EXIT
    trap 'exit 130' INT TERM
    if [ -e $policy ]; then return 0; fi
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
    policy_is_ours=yes
}

daemon_stays_off() {
    if [ -n "${policy_is_ours:-}" ]; then $sudo rm -f $policy; fi
    if [ -d /run/systemd/system ]; then $sudo systemctl --quiet disable redis-server 2>/dev/null || true; fi
}

install_python_sdks() {
    wanted=tests/sdk/python/requirements.txt
    into=target/venv
    ! is_installed || return 0
    python3 -m venv --clear $into
    $into/bin/pip install --quiet --disable-pip-version-check --requirement $wanted
    touch $into/installed
}

install_node_sdks() {
    install_from_npm tests/sdk/node target/node
    # Scripts find the packages beside the link to them.
    ln -sfn ../../tests/sdk/node target/node/scripts
    ln -sf "$(command -v node)" target/node/node
}

# What tests import is looked for beside them.
install_browser_tests() {
    wanted=tests/browser/package-lock.json
    into=tests/browser/node_modules
    ! is_installed || return 0
    (cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    touch $into/installed
}

install_from_npm() {
    wanted=$1/package-lock.json
    into=$2
    ! is_installed || return 0
    mkdir -p $into
    cp $1/package.json $wanted $into
    (cd $into && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    touch $into/installed
}

is_installed() {
    if [ -e $into/installed ] && [ -z "$(find $wanted -newer $into/installed)" ]; then return 0; fi
    echo "weir: installing $wanted into $into" >&2
    return 1
}

main
