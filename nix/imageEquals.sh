#!/usr/bin/env bash
# `imageEquals.sh DIST NAME`: fails unless the program in each platform's image is that of the musl archive.
set -euo pipefail
dist=$1 name=$2
blob() { printf '%s/image/blobs/sha256/%s' "$dist" "${1#sha256:}"; }
index=$(blob "$(jq -r '.manifests[0].digest' "$dist/image/index.json")")
compared=0
while read -r platform digest; do
    case $platform in
    amd64) triple=x86_64-unknown-linux-musl ;;
    arm64) triple=aarch64-unknown-linux-musl ;;
    arm/v7) triple=armv7-unknown-linux-musleabihf ;;
    riscv64) triple=riscv64gc-unknown-linux-musl ;;
    *) echo "$platform: which target is that?" >&2 && exit 1 ;;
    esac
    rm -rf rootfs archive
    mkdir rootfs archive
    for layer in $(jq -r '.layers[].digest' "$(blob "$digest")"); do
        tar -xzf "$(blob "$layer")" -C rootfs --no-same-owner --no-same-permissions
    done
    tar -xzf "$dist/$name-$triple.tar.gz" -C archive
    for program in rootfs/bin/*; do
        cmp "$program" "archive/$name-$triple/$(basename "$program")"
        compared=$((compared + 1))
    done
done < <(jq -r '.manifests[] | "\([.platform | .architecture, .variant // empty] | join("/")) \(.digest)"' "$index")
((compared > 0))
