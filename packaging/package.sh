#!/bin/sh
# Packs what `make build` has built, and all that belongs to it, as weir-<version>-<arch>-linux.tar.gz. The same input gives
# the same bytes: files are sorted, and are all as old as the commit.
#   packaging/package.sh [directory with weir and libweir.so] [directory for the package]
set -eu
cd "$(dirname "$0")/.."

built=${1:-target/release}
into=${2:-target/package}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
name=weir-$version-$(uname -m)-linux
stage=$into/$name
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

rm -rf "$stage"
mkdir -p "$stage/completions" "$stage/docs"
install -m 755 "$built/weir" "$built/libweir.so" "$stage"
# The module lies beside it here.
sed 's|^loadmodule .*|loadmodule ./libweir.so|; s|from the top of the repository|from this directory|' redis.conf >"$stage/redis.conf"
"$stage/weir" init "$stage/weir.toml" >/dev/null
"$stage/weir" man "$stage/man/man1"
for shell in bash zsh fish; do
    "$stage/weir" completion $shell >"$stage/completions/weir.$shell"
done
cp -R packaging/systemd packaging/grafana packaging/prometheus "$stage"
cp README.md CHANGELOG.md SECURITY.md LICENSE "$stage"
cp docs/*.md docs/*.png "$stage/docs"
# What somebody's umask says is not part of it.
chmod -R u=rwX,go=rX "$stage"

tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$epoch" \
    -C "$into" -cf - "$name" | gzip -n -9 >"$stage.tar.gz"
rm -rf "$stage"
echo "$stage.tar.gz"
