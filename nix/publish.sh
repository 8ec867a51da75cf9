# shellcheck shell=bash
# Run by `nix run .#publish -- [FOLDER…] [FLAGS OF floe publish…]`. A folder is a dist, or laid out as <triple>/<binary>;
# those are packed here, so that one packer makes every archive. It compiles nothing.
# shellcheck disable=SC2154  # dist, trees, repo and project… come from publish.nix
if [[ ${1-} == --help || ${1-} == -h ]]; then
    printf 'usage: nix run .#publish -- [FOLDER…] [FLAGS OF floe publish…]\n\n'
    printf 'FOLDER is a dist, or binaries of the native legs laid out as <triple>/<binary>.\n'
    exit
fi
# A workflow's own repository may be a fork.
export GITHUB_REPOSITORY=${GITHUB_REPOSITORY:-$repo}
project=()
eval "project=($projectArguments)"
read -ra promise <<<"$projectTargets $projectImage"
dists=("$dist")
native=()
while (($# > 0)) && [[ $1 != -* ]]; do
    if [[ ! -d $1 ]]; then
        printf "error: \`%s\` is not a folder\n" "$1" >&2
        exit 2
    elif compgen -G "$1/*.json" >/dev/null || [[ -d $1/image ]]; then
        dists+=("$1")
    else
        native+=("$1")
    fi
    shift
done
if ((${#native[@]} > 0)); then
    packed=$(mktemp -d)
    trap 'rm -rf "$packed"' EXIT
    # It prints files that are gone soon; stdout holds the two lines of `floe publish` alone.
    floe package "${native[@]}" "${project[@]}" --trees "$trees" --out "$packed/dist" >&2
    dists+=("$packed/dist")
fi
floe publish "${dists[@]}" "${project[@]}" "${promise[@]}" "$@"
