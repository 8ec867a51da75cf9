#!/usr/bin/env bash
# A substitute for Nix: the commands of the release workflow alone. STANDIN holds what it would build.
set -euo pipefail
pack() {
    triple=$1-unknown-linux-$2
    "$STANDIN/floe" package --target "$1-$2" --binary "$STANDIN/linux/$triple/tool" --out "$out" >&2
}
link=${4-}
out=$STANDIN/store/$RANDOM$RANDOM
mkdir -p "$STANDIN/store"
case "$*" in
'eval --json .#matrix') cat "$STANDIN/matrix.json" && exit ;;
'config show sandbox') echo true && exit ;;
'config show sandbox-fallback') echo false && exit ;;
'build --print-build-logs --no-link .#gate') exit ;;
'build --print-build-logs --out-link '*' .#packer') install -D "$STANDIN/floe" "$out/bin/floe" ;;
'build --print-build-logs --out-link '*' .#release-x86_64-gnu') pack x86_64 gnu ;;
'build --print-build-logs --out-link '*' .#release-aarch64-gnu') pack aarch64 gnu ;;
'build --print-build-logs --out-link '*' .#release-image')
    pack x86_64 musl
    pack aarch64 musl
    "$STANDIN/floe" image "$STANDIN"/linux/*-musl/tool --out "$out/image" >&2
    ;;
*) printf 'error: this stand-in does not know: nix %s\n' "$*" >&2 && exit 1 ;;
esac
# Nobody writes into a store.
find "$out" -type f -exec chmod a-w {} +
ln -s "$out" "$link"
