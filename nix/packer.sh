#!/usr/bin/env bash
# `packer.sh VERSION COMMIT URL <SHA256SUMS >packer.json`: names a release of floe as the packer of other projects. URL is
# the folder that holds its files.
set -euo pipefail
if (($# != 3)); then
    printf 'usage: packer.sh VERSION COMMIT URL <SHA256SUMS >packer.json\n' >&2
    exit 2
fi
# Two spaces, as sha256sum writes a text file. Nix runs on no system whose archive is a ZIP file, but the workflow does.
jq --raw-input --null-input --arg version "$1" --arg commit "$2" --arg url "${3%/}" '
    [inputs | capture("^(?<sha256>[0-9a-f]{64})  (?<file>floe-(?<triple>[a-z0-9_-]+)[.](tar[.]gz|zip))$")
        | {key: .triple, value: {file, sha256}}] | from_entries
    | if has("x86_64-unknown-linux-musl") and has("aarch64-unknown-linux-musl") then . else
        error("SHA256SUMS names no static binaries of floe for Linux") end
    | {schema: 1, version: $version, commit: $commit, url: $url, files: .}'
