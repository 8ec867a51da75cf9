# shellcheck shell=bash
# Run by floe in place of cargo: prints what `cargo metadata` said when Nix built it.
# shellcheck disable=SC2154  # metadata comes from cargo.nix
if [[ ${1-} != metadata ]]; then
    printf "error: only \`cargo metadata\` is recorded, and this is \`cargo %s\`\n" "$*" >&2
    exit 1
fi
printf '%s\n' "$(<"$metadata")"
