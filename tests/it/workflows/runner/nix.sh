#!/usr/bin/env bash
# A substitute for Nix: only the commands of the release workflow, with folders as the store.
# STANDIN holds what it would build (`matrix.json`, `linux/<triple>/<binary>`), each job's HOME the store. Each build,
# but not a reuse, is noted in `$STANDIN/built`.
set -euo pipefail
store=$HOME/store
mkdir -p "$store"

build() {
    [[ ! -e $store/$1 ]] || return 0
    printf '%s: %s\n' "$GITHUB_JOB" "$1" >>"$STANDIN/built"
    case $1 in
    floe) cp "$STANDIN/floe" "$store/floe" ;;
    dist)
        "$STANDIN/floe" package "$STANDIN/linux" --out "$store/dist" >/dev/null
        "$STANDIN/floe" image "$STANDIN"/linux/*-musl/tool --out "$store/dist/image" >/dev/null
        # Nobody writes into a store.
        find "$store/dist" -type f -exec chmod 444 {} +
        ;;
    trees)
        mkdir "$store/trees"
        for triple in $(ls "$STANDIN/linux") $(jq -r '.native[].target' "$STANDIN/matrix.json"); do
            cargo tree --locked --offline -p tool -e normal,no-proc-macro --target "$triple" --prefix depth \
                --format $'\t{p}\t{f}\t{l}' >"$store/trees/$triple"
        done
        ;;
    *) printf 'error: flake does not provide attribute %s\n' "$1" >&2 && exit 1 ;;
    esac
}
# The output's name in the store: `.#dist.floe` is floe, as in nix/dist.nix.
output() { printf '%s' "${1##*[#.]}"; }

case "$*" in
'eval --json .#matrix') cat "$STANDIN/matrix.json" ;;
'build --print-build-logs --no-link .#dist') build dist ;;
'build --print-build-logs --no-link .#gate') [[ -e $store/dist ]] ;;
'build --no-link --print-out-paths .#dist.trees') build trees && printf '%s\n' "$store/trees" ;;
'build --out-link '*' .#dist') build dist && ln -s "$store/dist" "$3" ;;
'copy --to file://'*)
    to=${3#file://}
    mkdir -p "${to%%\?*}"
    for installable in "${@:4}"; do
        name=$(output "$installable")
        build "$name"
        cp -r "$store/$name" "${to%%\?*}/"
    done
    ;;
'copy --all --no-check-sigs --from file://'*) cp -r "${5#file://}"/* "$store/" && chmod +x "$store/floe" ;;
'run .#floe -- '*)
    build floe
    exec "$store/floe" "${@:4}"
    ;;
'run .#publish -- '*)
    build floe
    build dist
    build trees
    # As nix/publish.nix sets them; the script is the flake's own.
    export dist=$store/dist trees=$store/trees projectArguments="--manifest-path $PWD/Cargo.toml --package tool" projectTargets='' projectImage=''
    PATH=$store:$PATH exec bash -euo pipefail "$STANDIN/publish.sh" "${@:4}"
    ;;
*) printf 'error: this stand-in does not know: nix %s\n' "$*" >&2 && exit 1 ;;
esac
