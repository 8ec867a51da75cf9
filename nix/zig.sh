# shellcheck shell=bash disable=SC2154  # cargoVendorDir is crane's
# Sourced before a build for a Linux target. Zig and cargo-zigbuild keep caches below HOME by default, and
# build scripts see the path of their wrappers, so it must not differ from build to build.
export ZIG_GLOBAL_CACHE_DIR=$TMPDIR/zig ZIG_LOCAL_CACHE_DIR=$TMPDIR/zig CARGO_ZIGBUILD_CACHE_DIR=$TMPDIR/zigbuild
mkdir -p "$ZIG_GLOBAL_CACHE_DIR" "$CARGO_ZIGBUILD_CACHE_DIR"
# The binary contains neither the folder of the build nor that of the crates.
export RUSTFLAGS="--remap-path-prefix=$cargoVendorDir=/vendor --remap-path-prefix=$PWD=/src $FLOE_RUSTFLAGS"
# Binaries are position independent, whatever a build script thinks of its C code.
export CFLAGS="-fPIC -ffile-prefix-map=$cargoVendorDir=/vendor -ffile-prefix-map=$PWD=/src"
export CXXFLAGS=$CFLAGS
