# shellcheck shell=bash
# Run by `nix run .#reproduce -- TAG`: builds the tag's own dist from scratch, then has `floe reproduce` compare.
#
# From scratch means in a new store below a temporary folder, which knows nothing that was built before on this machine,
# with no remote builder and with one cache only: that of nixpkgs. It holds compilers and tools, but nothing of this
# project, so every derivation of the project's own, the dependencies too, is compiled here and now. `--rebuild` would
# make only the last derivation again and end without a verdict as soon as something differs; here all that differs is
# compared and named.
#
# Cargo mixes the triple of the building machine into build scripts and procedural macros, and so into the names of
# symbols: an Arm machine builds other bytes than an x86-64 one. So the dist is built as on the system of the release.
# shellcheck disable=SC2154  # repo and source come from reproduce.nix
usage() {
    printf 'usage: nix run .#reproduce -- TAG [--flake FLAKE] [--system SYSTEM] [--json]\n'
    printf '                                  [--statement FILE] [--repo OWNER/NAME] [--image IMAGE] [--api-url URL] [--registry-url URL]\n\n'
    printf 'FLAKE is what is built, for example a checkout of the tag [default: %s].\n' "$(flake_of TAG)"
    printf 'SYSTEM is the one that the release was built on [default: x86_64-linux, as in the release workflow].\n'
    printf 'FILE gets the verdict as an in-toto statement. The build takes some GB below TMPDIR.\n'
    printf 'Exit code 0: all that is claimed was reproduced; 3: something differs; 1: it could not be compared.\n'
}
flake_of() {
    if [[ $source == git ]]; then
        printf 'git+https://github.com/%s?ref=refs/tags/%s' "$repo" "$1"
    else
        printf 'github:%s/%s' "$repo" "$1"
    fi
}
# `nix_command VERB…` as this script needs it, whatever nix.conf of this machine says.
nix_command() { env -u GITHUB_TOKEN -u GH_TOKEN nix "$@" --extra-experimental-features 'nix-command flakes'; }
misused() {
    usage >&2
    exit 2
}
tag='' flake='' system=x86_64-linux comparing=() remote=()
while (($# > 0)); do
    case $1 in
    --help | -h) usage && exit ;;
    --json) comparing+=(--json) ;;
    --flake | --system | --statement | --repo | --image | --api-url | --registry-url)
        (($# > 1)) || misused
        case $1 in
        --flake) flake=$2 ;;
        --system) system=$2 ;;
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
    printf "hint: build it there with \`nix build '%s#packages.%s.dist'\`, then \`floe reproduce %s --rebuilt result\`\n" \
        "$(flake_of "$tag")" "$system" "$tag" >&2
    exit 1
fi
here=$(nix_command config show system)
read -ra platforms <<<"$here $(nix_command config show extra-platforms)"
if [[ " ${platforms[*]} " != *" $system "* ]]; then
    printf -v builds ', %s' "${platforms[@]}"
    cat >&2 <<END
error: \`$tag\` has to be built on $system, and this machine builds for ${builds#, }

Cargo mixes the triple of the building machine into build scripts and procedural macros, so other bytes would come out
although the release may be fine.

hint: run it on $system, or let QEMU run its programs here (\`extra-platforms = $system\` in nix.conf);
      if the release was built on $here, add \`--system $here\`
END
    exit 1
fi

work=$(mktemp -d)
# Nix makes its outputs read-only, so that they cannot even be removed.
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
# Before hours of compiling: is there something sound to compare with?
floe verify --release "$tag" --repo "$repo" "${remote[@]}" >&2
dist=$(
    nix_command build "${flake:-$(flake_of "$tag")}#packages.$system.dist" --no-link --print-out-paths \
        --store "$work/store" --option builders '' --option substituters https://cache.nixos.org/ --option accept-flake-config false \
        --option sandbox true --option sandbox-fallback false
)
floe reproduce "$tag" --repo "$repo" --rebuilt "$work/store$dist" "${remote[@]}" "${comparing[@]}"
