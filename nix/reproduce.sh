# shellcheck shell=bash
# Run by `nix run .#reproduce -- TAG [--flake FLAKE] [--json]`: fetches what is published for the tag, builds the tag's
# own flake again, and compares each asset and the image. A verdict a line; exit code 3 if anything differs.
# shellcheck disable=SC2154  # repo comes from reproduce.nix
usage() {
    printf 'usage: nix run .#reproduce -- TAG [--flake FLAKE] [--json]\n\n'
    printf 'FLAKE is where the tag is built from, for example a checkout [default: github:%s/TAG]\n' "$repo"
}
tag='' flake='' json=0
while (($# > 0)); do
    case $1 in
    --help | -h) usage && exit ;;
    --json) json=1 ;;
    --flake) flake=${2:?"--flake wants a flake"} && shift ;;
    -*) usage >&2 && exit 2 ;;
    *) tag=$1 ;;
    esac
    shift
done
[[ -n $tag ]] || { usage >&2 && exit 2; }
flake=${flake:-github:$repo/$tag}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
floe verify --release "$tag" --repo "$repo" --keep "$work/published" >&2
nix() { command nix --extra-experimental-features 'nix-command flakes' "$@"; }
nix build "$flake#dist" --out-link "$work/dist" >&2
# What came from a cache was built by someone else, so all that is compiled is built here once more. Nix fails if that
# gives other bytes than the cache did.
for target in $(nix eval --json "$flake#matrix" | jq -r '.include[] | select(.builder == "nix") | .name'); do
    nix build "$flake#release-$target.binaries.dependencies" "$flake#release-$target.binaries" --rebuild --no-link >&2
done

verdicts=$work/verdicts
verdict() { printf '%s\t%s\n' "$1" "$2" >>"$verdicts"; }
# Compares what is inside, where the containers differ.
inside() {
    local unpacked
    for unpacked in one other; do mkdir "$work/$unpacked"; done
    if tar -xzf "$1" -C "$work/one" && tar -xzf "$2" -C "$work/other" && diff -r "$work/one" "$work/other" >&2; then
        echo 'differs (same content in another container)'
    else
        echo differs
    fi
    rm -rf "$work/one" "$work/other"
}
for asset in "$work"/published/assets/*; do
    name=$(basename "$asset")
    again=$work/dist/$name
    if [[ ! -e $again ]]; then
        verdict "$name" 'not claimed'
    elif cmp -s "$asset" "$again"; then
        verdict "$name" match
    else
        verdict "$name" "$(inside "$asset" "$again")"
        if command -v diffoscope >/dev/null; then diffoscope "$asset" "$again" >&2 || true; fi
    fi
done
digest() { jq -r '.manifests[0].digest' "$1/index.json"; }
if [[ -d $work/published/image && -d $work/dist/image ]]; then
    if [[ $(digest "$work/published/image") == "$(digest "$work/dist/image")" ]]; then
        verdict "image $(digest "$work/dist/image")" match
    else
        verdict "image $(digest "$work/published/image")" differs
    fi
fi
if ((json)); then
    jq -R -s --arg tag "$tag" '{schema: 1, tag: $tag, verdicts: [split("\n")[] | select(. != "") | split("\t")
        | {name: .[0], verdict: .[1]}]}' "$verdicts"
else
    awk -F '\t' '{ printf "%-45s %s\n", $1, $2 }' "$verdicts"
fi
if grep -q $'\tdiffers' "$verdicts"; then exit 3; fi
