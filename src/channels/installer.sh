#!/bin/sh
# __MARKER__
# Installs it for this user and edits no file of the shell. `--help` lists the options.
{
set -eu

name=__NAME__
version=__VERSION__
base=__BASE__
api=__API__
# One a line: system-processor, archive, SHA-256, the glibc that it needs.
archives=__ARCHIVES__
# The programs, one a line; the first is started to see that it runs here.
programs=__PROGRAMS__
# One a line, separated by `|`: a file of the archive, and its path below `share`.
extras=__EXTRAS__

temp=
installed=

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

usage() {
    cat <<END
Installs $name $version.

  --to FOLDER  install the program into this folder
  --version    print the version that this script installs
  --help       print this text

Environment:
  __PREFIX___INSTALL_DIR   the folder, as --to [default: XDG_BIN_HOME, else ~/.local/bin]
  __PREFIX___DOWNLOAD_URL  a mirror: the address of a folder with the archives
  __TOKEN__, or __PREFIX___GITHUB_TOKEN
                 a token, sent to GitHub's API only, and only if a download without it fails
  HTTPS_PROXY, NO_PROXY  as curl and wget read them
END
}

# Sets `system`.
find_system() {
    os=$(uname -s)
    cpu=$(uname -m)
    case $os in
        Linux) os=linux ;;
        Darwin) os=macos ;;
        MINGW* | MSYS* | CYGWIN*) die "on Windows, use $name-installer.ps1" ;;
        *) die "there is no archive for $os" ;;
    esac
    # Rosetta calls the processor x86_64.
    if [ "$os" = macos ] && [ "$(sysctl -n hw.optional.arm64 2>/dev/null || :)" = 1 ]; then cpu=arm64; fi
    case $cpu in
        x86_64 | amd64) cpu=x86_64 ;;
        aarch64 | arm64) cpu=aarch64 ;;
        # armv8l is a 32-bit system on a 64-bit processor.
        armv7l | armv8l) cpu=arm ;;
    esac
    system=$os-$cpu
}

# Sets `file`, `digest` and `glibc`.
find_archive() {
    file=
    while read -r one file digest glibc; do
        if [ "$one" = "$system" ]; then break; fi
        file=
    done <<END
$archives
END
    if [ -z "$file" ]; then die "$name $version has no archive for $system"; fi
}

check_glibc() {
    if [ "$glibc" = - ]; then return 0; fi
    found=$(getconf GNU_LIBC_VERSION 2>/dev/null || :)
    found=${found#glibc }
    case $found in
        [0-9]*.[0-9]*) ;;
        *) die "this program needs glibc $glibc, and this system has another C library" ;;
    esac
    major=${found%%.*}
    minor=${found#*.}
    minor=${minor%%[!0-9]*}
    if [ "$major" -lt "${glibc%%.*}" ] || { [ "$major" -eq "${glibc%%.*}" ] && [ "$minor" -lt "${glibc#*.}" ]; }; then
        die "this program needs glibc $glibc, and this system has $found"
    fi
}

# Sets `client` and `summer`. Without a program for digests nothing is installed.
find_tools() {
    client=
    if has curl; then
        # The curl of snap cannot write outside of its own folders, and does not say so.
        case $(command -v curl) in /snap/*) ;; *) client=curl ;; esac
    fi
    if [ -z "$client" ]; then
        if has wget; then client=wget; else die "curl or wget is needed, and neither is installed"; fi
    fi
    if has sha256sum; then
        summer=sha256sum
    elif has shasum; then
        summer=shasum
    elif has openssl; then
        summer=openssl
    else
        die "the archive cannot be verified: sha256sum, shasum or openssl is needed, and none is installed"
    fi
    for tool in mktemp tar uname; do
        if ! has "$tool"; then die "$tool is needed, and it is not installed"; fi
    done
}

# Prints the SHA-256 of the file $1.
sum_of() {
    case $summer in
        sha256sum) sha256sum <"$1" ;;
        shasum) shasum -a 256 <"$1" ;;
        openssl) openssl dgst -sha256 -r <"$1" ;;
    esac
}

# Runs curl for the address $1 into the file $2, with further options. From https it follows no redirect to http.
run_curl() {
    from_url=$1
    to_file=$2
    shift 2
    case $from_url in https://*) set -- --proto '=https' --tlsv1.2 "$@" ;; esac
    curl -fsSL --retry 3 "$@" -o "$to_file" "$from_url"
}

# Downloads the address $1 into the file $2.
download() {
    case $client in
        curl) run_curl "$1" "$2" ;;
        wget) wget -q -O "$2" "$1" ;;
    esac
}

# The same from GitHub's API, for a private repository. The token is in no argument, which other users could read.
download_with_token() {
    if [ "$client" != curl ]; then die "curl is needed to download from a private repository"; fi
    header="header = \"Authorization: Bearer $token\""
    printf '%s\n' "$header" | run_curl "$api" "$temp/release.json" -K - || return 1
    # GitHub writes an asset's address, its name, and its public address. Sorted keys begin with the public one.
    address=''
    named=''
    asset=$(tr , '\n' <"$temp/release.json" | tr '{' '\n' | sed 's/^ *//; s/" *: *"/":"/' | while IFS= read -r line; do
        case $line in
            '"browser_download_url":"'*) address='' ;;
            '"url":"'*/releases/assets/*)
                address=${line#'"url":"'}
                address=${address%%'"'*}
                ;;
            "\"name\":\"$file\""*) named=yes ;;
            *) continue ;;
        esac
        if [ -n "$named" ] && [ -n "$address" ]; then
            printf '%s' "$address"
            break
        fi
    done)
    case $asset in
        "${api%%/repos/*}"/repos/*) ;;
        *) die "GitHub lists no asset $file" ;;
    esac
    printf '%s\n' "$header" | run_curl "$asset" "$1" -K - -H 'Accept: application/octet-stream'
}

fetch() {
    mirror=${__PREFIX___DOWNLOAD_URL:-}
    token=${__PREFIX___GITHUB_TOKEN:-${__TOKEN__:-}}
    from=${mirror:-$base}
    from=${from%/}/$file
    # Logs are read by others, so a password in the address of a mirror is not shown.
    rest=${from#*://}
    host=${rest%%/*}
    shown=${from%"$rest"}${host##*@}${rest#"$host"}
    say "downloading $shown"
    if download "$from" "$temp/archive"; then return 0; fi
    if [ -n "$mirror" ] || [ -z "$token" ]; then die "$shown could not be downloaded"; fi
    say "trying again with the token"
    if ! download_with_token "$temp/archive"; then die "$shown could not be downloaded, not even with the token"; fi
}

verify() {
    found=$(sum_of "$temp/archive")
    found=${found%% *}
    if [ "$found" != "$digest" ]; then
        die "$file is not the archive of this release: its SHA-256 is $found, and should be $digest; nothing was installed"
    fi
}

try() {
    read -r first <<END
$programs
END
    code=0
    "$temp/$top/$first" --version </dev/null >/dev/null 2>&1 || code=$?
    # After a signal, the code is its number and 128, 256 or 384: shells differ.
    if [ "$code" -gt 128 ] && [ $((code % 128)) -lt 32 ]; then code="signal $((code % 128))"; fi
    case $code in
        126 | 127 | signal*)
            die "$first of $file does not run on this system (it ended with $code); nothing was installed"
            ;;
    esac
}

# Puts the file $1 of the archive at $2. A rename within a file system leaves no moment without a whole file.
put() {
    mv -f "$temp/$top/$1" "$2"
    installed="$installed $(quote "$2")"
}

put_programs() {
    while IFS= read -r program; do
        if [ -d "$dir/$program" ]; then die "$dir/$program is a folder"; fi
        chmod 755 "$temp/$top/$program"
    done <<END
$programs
END
    while IFS= read -r program; do put "$program" "$dir/$program"; done <<END
$programs
END
}

# Man pages and completions go to `share` beside `bin`, where man and the shells look.
put_extras() {
    if [ -z "$extras" ]; then return 0; fi
    case $dir in
        /*/bin) share=${dir%/bin}/share ;;
        *) return 0 ;;
    esac
    while IFS='|' read -r from to; do
        if [ ! -f "$temp/$top/$from" ]; then continue; fi
        if mkdir -p "$share/${to%/*}" 2>/dev/null && [ -w "$share/${to%/*}" ] && [ ! -d "$share/$to" ]; then
            put "$from" "$share/$to"
        else
            say "warning: $from was not installed: $share/${to%/*} is not writable"
        fi
    done <<END
$extras
END
}

hint_path() {
    if [ -n "${GITHUB_PATH:-}" ]; then printf '%s\n' "$dir" >>"$GITHUB_PATH"; fi
    case :$PATH: in
        *:"$dir":* | *:"$dir"/:*)
            found=$(command -v "$first" || :)
            case $found in
                "$dir/$first" | "$dir//$first") ;;
                *) say "warning: another $first comes first on PATH: $found" ;;
            esac
            ;;
        *)
            case ${SHELL:-} in
                */fish) say "add the folder to PATH: fish_add_path $(quote "$dir")" ;;
                *) say "add the folder to PATH: export PATH=$(quote "$dir"):\"\$PATH\"" ;;
            esac
            ;;
    esac
}

hint() {
    read -r first <<END
$programs
END
    case $dir in
        *:*)
            say "warning: PATH cannot hold $dir, because a colon separates its folders; --to installs into another one"
            ;;
        *) hint_path ;;
    esac
    say "uninstall with: rm -f$installed"
}

main() {
    dir=${__PREFIX___INSTALL_DIR:-}
    while [ $# -gt 0 ]; do
        case $1 in
            --to | --to=*)
                dir=${1#--to}
                dir=${dir#=}
                if [ "$1" = --to ] && [ $# -gt 1 ]; then dir=$2; shift; fi
                if [ -z "$dir" ]; then die "--to needs a folder"; fi
                ;;
            --version) printf '%s\n' "$name $version"; return 0 ;;
            --help | -h) usage; return 0 ;;
            *) die "unknown option $1; --help lists all" ;;
        esac
        shift
    done
    if [ -z "$dir" ]; then dir=${XDG_BIN_HOME:-}; fi
    if [ -z "$dir" ]; then
        if [ -z "${HOME:-}" ]; then die "HOME is not set; name a folder with --to"; fi
        dir=$HOME/.local/bin
    fi
    find_system
    find_archive
    check_glibc
    find_tools
    mkdir -p -- "$dir" || die "the folder $dir cannot be made"
    dir=$(CDPATH='' cd -- "$dir" && pwd)
    # Not in /tmp, where programs may not be allowed to run.
    temp=$(mktemp -d "$dir/.$name.XXXXXX") || die "the folder $dir is not writable"
    fetch
    verify
    tar -xzf "$temp/archive" -C "$temp" || die "$file cannot be unpacked"
    top=${file%.tar.gz}
    try
    put_programs
    say "installed $name $version for $system in $dir"
    put_extras
    hint
}

trap 'if [ -n "$temp" ]; then rm -rf "$temp"; fi' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"; exit; }
