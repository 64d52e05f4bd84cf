#!/bin/sh
# Gathers a program and what it is linked with, and has buildah make an image of them.
#
#   deploy/build-image.sh target/release/rapport rapport:dev
#
# `cargo xtask image` builds the program first and installs buildah where it is missing. Further words go to buildah itself,
# such as `--storage-driver vfs --root DIR` where the usual store cannot be used.
set -eu
program=${1:?which program}
tag=${2:?which tag}
shift 2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
root=$context/rootfs

mkdir -p "$root/etc/ssl/certs" "$root/tmp"
chmod 1777 "$root/tmp"
strip -o "$root/rapport" "$program"
# The loader and each library lie where the program looks for them.
for library in $(ldd "$program" | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
echo 'rapport:x:65532:65532:rapport:/tmp:/rapport' > "$root/etc/passwd"
echo 'rapport:x:65532:' > "$root/etc/group"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
fi
buildah "$@" bud --isolation chroot --tag "$tag" --file "$here/Containerfile" "$context"
