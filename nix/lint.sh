#!/usr/bin/env bash
# `lint.sh FILE|FOLDER…`: no `with`, no `rec`, no file over 120 lines, and every file opens by saying what it is.
set -euo pipefail
bad=0
while IFS= read -r file; do
    # Comments and texts may use the words.
    if sed -E 's/#.*//; s/"[^"]*"//g' "$file" | grep -nE '(^|[^[:alnum:]_.'"'"'-])(with [^;=]*;|rec *\{)'; then
        printf '%s: uses with or rec\n' "$file" >&2
        bad=1
    fi
    if (($(wc -l <"$file") > 120)); then
        printf '%s: has more than 120 lines\n' "$file" >&2
        bad=1
    fi
    if [[ $(basename "$file") != flake.nix && $(head -c 1 "$file") != '#' ]]; then
        printf '%s: does not say what it is\n' "$file" >&2
        bad=1
    fi
done < <(find "$@" -name '*.nix')
exit "$bad"
