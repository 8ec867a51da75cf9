# shellcheck shell=bash
# Runs zig without the flag that Rust 1.98 and newer pass to linkers for Arm; zig refuses it, and cargo-zigbuild removes
# it only from 0.23.0 on. rustc writes the arguments into a file where they are too long for a command line.
# shellcheck disable=SC2154  # zig comes from linker.nix
flag=-Wl,--fix-cortex-a53-843419
arguments=()
for argument; do
    case $argument in
    "$flag") continue ;;
    @*linker-arguments) sed -i "/^\"\\{0,1\\}$flag\"\\{0,1\\}\$/d" "${argument#@}" ;;
    esac
    arguments+=("$argument")
done
exec "$zig" "${arguments[@]}"
