# shellcheck shell=bash
# Run by `nix run .#reproduce -- TAG`: builds the tag's own dist from scratch, then has `floe reproduce` compare.
#
# From scratch means in a new store below a temporary folder, which knows nothing that was built before on this machine,
# with no remote builder and with one cache only: that of nixpkgs. It holds compilers and tools, but nothing of this
# project, so every derivation of the project's own, the dependencies too, is compiled here and now. `--rebuild` would
# make only the last derivation again and end without a verdict as soon as something differs; here all that differs is
# compared and named.
# shellcheck disable=SC2154  # repo comes from reproduce.nix
usage() {
    printf 'usage: nix run .#reproduce -- TAG [--flake FLAKE] [--json] [--statement FILE]\n'
    printf '                                  [--repo OWNER/NAME] [--api-url URL] [--registry-url URL]\n\n'
    printf 'FLAKE is what is built, for example a checkout of the tag [default: github:%s/TAG].\n' "$repo"
    printf 'FILE gets the verdict as an in-toto statement. The build takes some GB below TMPDIR.\n'
    printf 'Exit code 0: all that is claimed was reproduced; 3: something differs; 1: it could not be compared.\n'
}
misused() {
    usage >&2
    exit 2
}
tag='' flake='' comparing=() remote=()
while (($# > 0)); do
    case $1 in
    --help | -h) usage && exit ;;
    --json) comparing+=(--json) ;;
    --flake | --statement | --repo | --api-url | --registry-url)
        (($# > 1)) || misused
        case $1 in
        --flake) flake=$2 ;;
        --statement) comparing+=("$1" "$2") ;;
        --repo) repo=$2 ;;
        *) remote+=("$1" "$2") ;;
        esac
        shift
        ;;
    -*) misused ;;
    *)
        [[ -z $tag ]] || misused
        tag=$1
        ;;
    esac
    shift
done
[[ -n $tag ]] || misused
if [[ $(uname -s) != Linux ]]; then
    printf 'error: a dist is built on Linux, and this is %s\n\n' "$(uname -s)" >&2
    printf "hint: build it there with \`nix build github:%s/%s#dist\`, then \`floe reproduce %s --rebuilt result\`\n" \
        "$repo" "$tag" "$tag" >&2
    exit 1
fi

work=$(mktemp -d)
# Nix makes its outputs read-only, so that they cannot even be removed.
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
# Before hours of compiling: is there something sound to compare with?
floe verify --release "$tag" --repo "$repo" "${remote[@]}" >&2
dist=$(
    env -u GITHUB_TOKEN -u GH_TOKEN nix build "${flake:-github:$repo/$tag}#dist" --no-link --print-out-paths \
        --extra-experimental-features 'nix-command flakes' --store "$work/store" --option builders '' \
        --option substituters https://cache.nixos.org/ --option accept-flake-config false \
        --option sandbox true --option sandbox-fallback false
)
floe reproduce "$tag" --repo "$repo" --rebuilt "$work/store$dist" "${remote[@]}" "${comparing[@]}"
