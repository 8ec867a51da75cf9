#!/usr/bin/env bash
# `portable.sh TRIPLE BINARY…`: fails if a binary would not run on a machine without Nix. `floor` is the newest glibc
# that it may ask for.
set -euo pipefail
triple=$1
shift
fail() {
    printf '%s: %s\n' "$binary" "$*" >&2
    exit 1
}
for binary in "$@"; do
    headers=$(readelf --wide --program-headers --dynamic "$binary")
    if grep -aq /nix/store/ "$binary"; then fail 'names a path of the Nix store'; fi
    if grep -qE 'R(UN)?PATH' <<<"$headers"; then fail 'has an rpath'; fi
    case $triple in
    *-musl)
        if grep -q 'INTERP' <<<"$headers"; then fail 'is not static'; fi
        printf '%s: static\n' "$binary"
        ;;
    *)
        grep -qE 'interpreter: /lib(64)?/ld-linux-(x86-64\.so\.2|aarch64\.so\.1)' <<<"$headers" || fail 'has another interpreter'
        newest=$(readelf --wide --version-info "$binary" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu | tail -n 1)
        [[ $(printf '%s\n' "$newest" "${floor:?}" | sort -V | tail -n 1) == "$floor" ]] || fail "asks for glibc $newest, newer than $floor"
        printf '%s: glibc %s\n' "$binary" "$newest"
        ;;
    esac
done
