#!/bin/sh
# Leaves a valkey-server in target/valkey, for the second run of the module's tests, where one can be had: that of the
# PATH, else the package of this Debian or Ubuntu, unpacked. It installs nothing, starts no server, and leaves apt's
# sources and lists as they are. Where none can be had it says so and succeeds.
set -eu
cd "$(dirname "$0")/.."

home=$PWD/target/valkey
server=$home/valkey-server

main() {
    if starts "$server"; then return 0; fi
    rm -rf "$home"
    mkdir -p "$home"
    if starts valkey-server; then
        ln -s "$(command -v valkey-server)" "$server"
    elif ! { unpack >"$home/log" 2>&1 && starts "$server"; }; then
        rm -f "$server"
        echo "weir: valkey-server cannot be had (see target/valkey/log): the module is tested on one server only" >&2
    fi
}

starts() { "$1" --version >/dev/null 2>&1; }

# Every step says by its status whether it went well: `set -e` does not reach into a condition.
unpack() {
    fetch && for package in "$home"/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$home/root" || return
    done && write_starter && rm -rf "$home/apt"
}

# The packages that the machine lacks, with lists and a cache of our own.
fetch() {
    mkdir -p "$home/apt/lists/partial" "$home/apt/archives/partial" &&
        sources >"$home/apt/sources.list" || return
    # A source that fails need not be the one with the package.
    own_apt update || true
    own_apt install --yes --no-install-recommends --download-only valkey-server
}

own_apt() {
    apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::http::Timeout=20 \
        -o Dir::Etc::sourcelist="$home/apt/sources.list" -o Dir::State::lists="$home/apt/lists" \
        -o Dir::Cache="$home/apt" "$@"
}

# The machine's own sources, and the backports of its archive: Debian 12 has the package only there.
sources() {
    if [ -e /etc/apt/sources.list ]; then cat /etc/apt/sources.list; fi
    apt-get indextargets --no-release-info --format '$(RELEASE) $(REPO_URI)' \
        'Created-By: Packages' 'Component: main' >"$home/apt/targets" || return
    awk -v release="$(. /etc/os-release && echo "$VERSION_CODENAME")" '
        $1 == release { uri = $2 }
        $1 == release "-backports" { known = 1 }
        END { if (uri && !known) print "deb", uri, release "-backports main" }' "$home/apt/targets"
}

# Finds the libraries that the machine lacks as well.
write_starter() {
    libraries=$(find "$home/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
        "$libraries" "$home/root/usr/bin/valkey-server" >"$server" && chmod 755 "$server"
}

main
