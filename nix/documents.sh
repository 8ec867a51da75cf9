# shellcheck shell=bash disable=SC2154  # documents.nix sets `name`, `folder` and `built`
# Gathers the completions and man pages that a build has made: the folders `completions` and `man` in the `OUT_DIR` of
# the package's build script or beside its Cargo.toml, and of `OUT_DIR` what `include` names with `built`. It runs in the
# folder of the workspace, and takes the folder to fill. Bash 3.2 is enough, which macOS has.
into=$1
take() {
    mkdir -p "$(dirname "$into/$2")"
    if [ -d "$1" ]; then
        mkdir -p "$into/$2"
        cp -RLf "$1/." "$into/$2"
    else
        cp -Lf "$1" "$into/$2"
    fi
}
# The page that a build made in `OUT_DIR` takes the place of a committed one.
for part in completions man; do
    if [ -d "$folder/$part" ]; then take "$folder/$part" "$part"; fi
done
builds=${CARGO_TARGET_DIR:-target}
for out in "$builds"/*/build/*/out "$builds"/*/*/build/*/out; do
    # Cargo calls the folder above after the package and a hash.
    unit=$(basename "$(dirname "$out")")
    if [ "${unit%-*}" != "$name" ]; then continue; fi
    for part in completions man; do
        if [ -d "$out/$part" ]; then take "$out/$part" "$part"; fi
    done
    for ((at = 0; at < ${#built[@]}; at += 2)); do
        if [ -e "$out/${built[at]}" ]; then take "$out/${built[at]}" "${built[at + 1]}"; fi
    done
done
