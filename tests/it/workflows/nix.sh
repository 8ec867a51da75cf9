#!/usr/bin/env bash
# A substitute for Nix: the commands of the release workflow alone. STANDIN holds what it would build.
set -euo pipefail
project=$(<"$STANDIN/root")/Cargo.toml
pack() { "$STANDIN/floe" package --manifest-path "$project" --target "$(basename "$1")" --binary "$1/tool" --out "$out" >&2; }
link=${4-}
out=$STANDIN/store/$RANDOM$RANDOM
mkdir -p "$STANDIN/store"
case "$*" in
'eval --json .#matrix') cat "$STANDIN/matrix.json" && exit ;;
'config show sandbox') echo true && exit ;;
'config show sandbox-fallback') echo false && exit ;;
'build --print-build-logs --no-link .#gate') exit ;;
'build --print-build-logs --out-link '*' .#packer') install -D "$STANDIN/floe" "$out/bin/floe" ;;
'build --print-build-logs --out-link '*' .#release-image')
    for target in "$STANDIN"/image/*; do
        pack "$target"
    done
    "$STANDIN/floe" image --manifest-path "$project" "$STANDIN"/image/*/tool --out "$out/image" >&2
    ;;
'build --print-build-logs --out-link '*' .#release-'*) pack "$STANDIN/alone/${5#.#release-}" ;;
*) printf 'error: this stand-in does not know: nix %s\n' "$*" >&2 && exit 1 ;;
esac
# A store is read-only.
find "$out" -type f -exec chmod a-w {} +
ln -s "$out" "$link"
