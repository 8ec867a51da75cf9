#!/usr/bin/env bash
# Checks the flake as far as this machine can: a line a stage, and at the end the stages that were left out.
# It takes Nix 2.18 or newer from PATH, or as root on Debian from Debian 13's packages, in place below target/ci; on the system it
# installs nothing but mmdebstrap. Where FLOE_NIX_INPUTS names a folder with checkouts (nixpkgs/, crane/, fenix/) it
# evaluates with those, which wants Nix 2.31.2 or newer on PATH, else with the stand-ins of tests/nix/standins, which
# prove the wiring and nothing of what the inputs do. Where FLOE_NIX_BUILD=1 says that those inputs can build, it builds
# the dist and the checks, and the binaries and archives once more; Nix takes its options from NIX_CONFIG.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
home=$here/target/ci/nix
mkdir -p "$home"
# Cargo keeps its own folders; Nix gets one below target/.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} HOME=$home

# Debian's Nix runs from where it was unpacked, through its own loader.
debian=$home/debian
install_nix() {
    [[ ! -x $debian/usr/bin/nix ]] || return 0
    if ! command -v mmdebstrap >/dev/null; then
        apt-get update && apt-get install -y --no-install-recommends mmdebstrap
    fi
    rm -rf "$debian"
    mmdebstrap --quiet --mode=root --variant=extract --include=nix-bin,ca-certificates trixie "$debian"
}
# Debian 12 has Nix 2.8, which is too old for the flags below.
is_recent() {
    command -v nix >/dev/null || return 1
    local version
    version=$(nix --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
    [[ $(printf '%s\n2.18\n' "$version" | sort -V | head -n 1) == 2.18 ]]
}
own_nix=''
is_recent && own_nix=1
run() {
    local program=$1
    shift
    if [[ $own_nix ]]; then
        "$program" "$@"
    else
        local libraries=$debian/usr/lib/x86_64-linux-gnu
        "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$debian/usr/bin/$program" "$@"
    fi
}
options=(
    --extra-experimental-features 'nix-command flakes' --store "$home/store" --option build-users-group ''
    --option substituters '' --option allow-import-from-derivation false --option warn-dirty false --offline
)
inputs=${FLOE_NIX_INPUTS:-$here/tests/nix/standins}
overrides=(--no-write-lock-file)
for input in nixpkgs crane fenix; do
    overrides+=(--override-input "$input" "path:$inputs/$input")
done
# `flake NAME [FLAGS…]` runs `nix NAME` on the inputs; what it was overriding is of no interest.
flake() {
    local log=$home/log
    # shellcheck disable=SC2086  # `flake check` is two words
    run nix $1 "${options[@]}" "${overrides[@]}" "${@:2}" 2>"$log" || { cat "$log" >&2 && return 1; }
}
passed() { printf '  ok  %s\n' "$*"; }
skipped=()
failed() { printf 'FAIL  %s\n' "$*" >&2 && exit 1; }

[[ $own_nix ]] || install_nix
passed "$(run nix --version)"

mapfile -t files < <(git ls-files '*.nix')
for file in "${files[@]}"; do
    run nix-instantiate --store "$home/store" --option build-users-group '' --parse "$file" >/dev/null
done
bash nix/lint.sh flake.nix nix tests/nix
passed "${#files[@]} files are parsed; no with, no rec, none over 120 lines"

# `tool PROGRAM CRATE VERSION` says where a program is that crates.io has too; built without optimisation, it is there
# sooner.
tool() {
    local place=$home/tools/bin/$1
    command -v "$1" && return
    [[ -x $place ]] || CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --debug --locked --version "$3" --root "$home/tools" "$2" >"$home/log" 2>&1 || return 0
    printf '%s\n' "$place"
}
deadnix=$(tool deadnix deadnix 1.3.1)
if [[ -n $deadnix ]]; then
    NO_COLOR=1 "$deadnix" --fail flake.nix nix
    # The stand-ins name arguments only to require them.
    NO_COLOR=1 "$deadnix" --fail --no-lambda-pattern-names tests/nix
    passed 'deadnix finds nothing that is not used'
else
    skipped+=('deadnix is not run, because it cannot be installed from here')
fi
# nixfmt itself is not to be had without Nix; this one writes the same bytes.
nixfmt=$(tool nixfmt nixfmt_rs 0.5.3)
if [[ -n $nixfmt ]]; then
    "$nixfmt" --check "${files[@]}"
    passed "every file is laid out as nixfmt does"
else
    skipped+=('nixfmt is not run, because it cannot be installed from here')
fi

# nixpkgs' writeShellApplication puts variables before a script, so that a directive at its head holds for one command only,
# and refuses it if shellcheck then has anything to say.
if command -v shellcheck >/dev/null; then
    for script in cargo publish reproduce zigFilter; do
        # More than one word each, like their real values.
        {
            printf '#!/usr/bin/env bash\n'
            printf 'export %s="a b"\n' dist trees projectArguments projectTargets projectImage metadata repo source zig
            cat "nix/$script.sh"
        } | shellcheck -
    done
    passed 'the apps are scripts that nixpkgs takes'
else
    skipped+=('shellcheck is not installed')
fi

# Nix itself refuses a lock file that does not match flake.nix.
run nix flake metadata "${options[@]}" --no-update-lock-file --json . >"$home/metadata.json" 2>"$home/log" || { cat "$home/log" >&2 && exit 1; }
python3 - <<'EOF'
import base64, json, re
lock = json.load(open("flake.lock"))
locked = {name: node["locked"] for name, node in lock["nodes"].items() if name != "root"}
assert lock["version"] == 7 and set(locked) == {"nixpkgs", "crane", "fenix"}, "flake.lock has other inputs than flake.nix"
for name, node in locked.items():
    assert re.fullmatch("[0-9a-f]{40}", node["rev"]), f"{name} has no revision"
    assert len(base64.b64decode(node["narHash"].removeprefix("sha256-"), validate=True)) == 32, f"{name} has no hash"
assert lock["nodes"]["fenix"]["inputs"] == {"nixpkgs": ["nixpkgs"], "rust-analyzer-src": []}, "fenix brings inputs of its own"
EOF
passed 'flake.lock is well formed and matches flake.nix'

flake 'flake check' --no-build --all-systems
passed 'every output of four systems is evaluated, with no import from derivation'

# Evaluated before it is measured, so that the inputs are in the store as they are wherever they were fetched once.
flake eval --json .#matrix >"$home/matrix.json"
# `measured SECONDS MEGABYTES COMMAND…` fails if the command takes more of either.
measured() {
    python3 - "$@" <<'EOF'
import resource, subprocess, sys
seconds, megabytes, command = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
# Of the processor: by the clock it would depend on what else the machine does.
took, used = usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024
print(f"  ok  one release output is evaluated in {took:.1f} s and {used} MB")
sys.exit(code or took > seconds or used > megabytes)
EOF
}
export -f run
export debian own_nix
measured 3 1024 bash -c 'run nix eval --raw "$@" 2>/dev/null' _ "${options[@]}" "${overrides[@]}" \
    .#packages.x86_64-linux.release-x86_64-musl.drvPath || failed 'evaluating one release output takes more than 3 s or 1 GB'

python3 - "$home/matrix.json" <<'EOF'
import json, sys
rows = json.load(open("crates/floe-core/targets.json"))["targets"]
same = ["name", "archive", "builder", "image", "runner"]
rows = [r for r in rows if not r.get("optional")]
want = [{"target": r["triple"], "native": r.get("native")} | {key: r[key] for key in same} for r in rows]
got = json.load(open(sys.argv[1]))
assert got["include"] == want and got["schema"] == 1, "the matrix is not that of crates/floe-core/targets.json"
assert got["toolchain"] and got["floe"]["toolchain"], "the matrix names no toolchain"
assert [r["name"] for r in got["native"]] == [r["name"] for r in rows if r["builder"] == "native"], "native legs are missing"
assert [leg["runner"] for leg in got["verify"]] == list(dict.fromkeys(r["runner"] for r in rows)), "runners are missing"
alone = [r["name"] for r in rows if r["builder"] == "nix" and not r["image"]]
want = [{"name": name, "output": "release-" + name} for name in [*alone, "image"]]
assert got["linux"] == want, "the Linux legs are not one a target, and one for the image"
assert got["floe"]["own"] and got["name"] == "floe", "floe does not know its own release"
EOF
if [[ target/release/floe -nt crates/floe-core/targets.json ]]; then
    include='import json, sys; rows = json.load(sys.stdin)["include"]; print(json.dumps([r for r in rows if not r.get("optional")], sort_keys=True))'
    diff <(target/release/floe targets --json | python3 -c "$include") <(python3 -c "$include" <"$home/matrix.json")
fi
# `listed NAMES` is the matrix of a project that lists these targets.
listed() {
    flake eval --json --impure .#lib --apply "lib: { inherit ((lib.mkRelease {
        src = $here/tests/nix/bump/before; targets = [ $1 ]; }).legacyPackages.x86_64-linux.matrix) include native verify; }"
}
listed '"aarch64-windows" "i686-windows" "armv7-musl" "riscv64-gnu"' >"$home/listed.json"
python3 - "$home/listed.json" <<'EOF'
import json, sys
got = json.load(open(sys.argv[1]))
names = ["aarch64-windows", "i686-windows", "armv7-musl", "riscv64-gnu"]
assert [r["name"] for r in got["include"]] == names, "optional targets are not listed"
assert [r["image"] for r in got["include"]] == [None, None, "linux/arm/v7", None], "the image of ARMv7 is missing"
assert [(r["target"], r["program"]) for r in got["native"]] == [
    ("aarch64-pc-windows-msvc", "bump.exe"), ("i686-pc-windows-msvc", "bump.exe")], "native legs are missing"
assert [leg["runner"] for leg in got["verify"]] == ["windows-11-arm", "windows-2025"], "the runners are others"
EOF
! listed '"riscv64-gnu"' >/dev/null 2>"$home/runners" || failed 'a matrix has no runner'
grep -qF 'GitHub has no runner for riscv64-gnu' "$home/runners" || failed 'a missing runner is not named'
passed 'the matrix is that of crates/floe-core/targets.json'

# Another version, then another source file: what is compiled of the dependencies stays valid, the program does not.
copy=$home/copy
paths() {
    flake eval --json "path:$copy#packages.x86_64-linux" --apply "packages: builtins.mapAttrs (_: one: (one.binaries or one).$1) {
        inherit (packages) default release-x86_64-gnu release-x86_64-musl release-aarch64-gnu release-aarch64-musl; }"
}
rm -rf "$copy"
mkdir "$copy"
git ls-files -z | xargs -0 cp --parents -t "$copy"
dependencies=$(paths dependencies.drvPath) program=$(paths drvPath)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
sed -i "0,/^version = \"$version\"/s//version = \"99.0.0\"/" "$copy/Cargo.toml"
sed -i "/^name = \"floe\"/{n;s/\"$version\"/\"99.0.0\"/}" "$copy/Cargo.lock"
[[ $(paths dependencies.drvPath) == "$dependencies" ]] || failed 'another version gives other dependencies'
[[ $(paths drvPath) != "$program" ]] || failed 'another version gives the same program'
cp Cargo.toml Cargo.lock "$copy"
printf '\n// Another source.\n' >>"$copy/src/main.rs"
[[ $(paths dependencies.drvPath) == "$dependencies" ]] || failed 'another source file gives other dependencies'
[[ $(paths drvPath) != "$program" ]] || failed 'another source file gives the same program'
cp src/main.rs "$copy/src/main.rs"
sed -i '/^name = "anyhow"/,/^$/{s/^version = .*/version = "1.0.1"/}' "$copy/Cargo.lock"
[[ $(paths dependencies.drvPath) != "$dependencies" ]] || failed 'another dependency gives the same dependencies'
patched=$home/patched
rm -rf "$patched"
cp -r tests/nix/patched "$patched"
of_patched() {
    flake eval --raw --impure .#lib \
        --apply "lib: (lib.mkRelease { src = $patched; }).packages.x86_64-linux.release-x86_64-musl.binaries.$1"
}
dependencies=$(of_patched dependencies.drvPath) program=$(of_patched drvPath)
sed -i 's/^version = "1.4.0"/version = "1.5.0"/' "$patched/Cargo.toml" "$patched/Cargo.lock"
[[ $(of_patched dependencies.drvPath) == "$dependencies" ]] || failed 'another version gives other dependencies where one is patched'
[[ $(of_patched drvPath) != "$program" ]] || failed 'another version gives the same program where one is patched'
# Its root is no package, and still says how dependencies are compiled.
printf '\n[profile.release]\nlto = true\n' >>"$patched/Cargo.toml"
[[ $(of_patched dependencies.drvPath) != "$dependencies" ]] || failed 'another profile gives the same dependencies'
dependencies=$(of_patched dependencies.drvPath)
printf '// Another source.\n' >>"$patched/vendor/itoa/src/lib.rs"
[[ $(of_patched dependencies.drvPath) != "$dependencies" ]] || failed 'a patched crate can change, and dependencies do not'
mkdir "$patched/.cargo"
printf 'include = ["more.toml"]\n' >"$patched/.cargo/config.toml"
printf '[profile.release]\nlto = "fat"\n' >"$patched/.cargo/more.toml"
dependencies=$(of_patched dependencies.drvPath)
printf 'debug = 1\n' >>"$patched/.cargo/more.toml"
[[ $(of_patched dependencies.drvPath) != "$dependencies" ]] || failed 'what .cargo/config.toml includes can change, and dependencies do not'
passed 'another version or source file leaves compiled dependencies valid'

# Mistakes are named by evaluation.
evaluates() {
    run nix eval "${options[@]}" "${overrides[@]}" --impure .#lib --apply "lib: (lib.mkRelease ({ src = $here/tests/nix/bump/before; } // $1)).packages.x86_64-linux.dist.drvPath" >"$home/log" 2>&1
}
accepts() { evaluates "$1" || { cat "$home/log" >&2 && failed "mkRelease does not take $1"; }; }
refuses() {
    local arguments=$1 message=$2
    ! evaluates "$arguments" || failed "mkRelease takes $arguments"
    grep -qF -- "$message" "$home/log" || { cat "$home/log" >&2 && failed "mkRelease does not say: $message"; }
}
project() {
    rm -rf "${home:?}/$1"
    cp -r tests/nix/bump/before "$home/$1"
    printf '\n[package.metadata.floe]\n%s\n' "$2" >>"$home/$1/Cargo.toml"
}
# shellcheck disable=SC2016  # backticks are quotes here
{
    refuses '{ targets = [ "x86_64-gnu" "amd64" ]; }' 'there is no target `amd64`; floe knows x86_64-gnu, x86_64-musl, aarch64-gnu'
    accepts '{ targets = [ "armv7-gnu" "armv7-musl" "riscv64-gnu" "riscv64-musl" "aarch64-windows" "i686-windows" ]; }'
    refuses '{ tag = "v1.5.0"; }' 'the tag `v1.5.0` does not name version 1.4.0 of `bump`; release it as `v1.4.0`'
    refuses '{ tag = "bump-v1.4.0"; }' 'the tag `bump-v1.4.0` does not name version 1.4.0 of `bump`; release it as `v1.4.0`'
    refuses '{ package = "bumb"; }' 'there is no package `bumb` in `src`; it has bump, part'
    refuses '{ packer = "sources"; }' '`packer` of mkRelease is "source"'
    refuses '{ target = [ ]; }' 'mkRelease has no argument `target`; it knows'
    refuses "{ src = $here/src; }" 'there is no `Cargo.toml` in `src`'
    project profiled 'profile = "dist"'
    refuses "{ src = $home/profiled; }" 'there is no profile `dist`, which `[package.metadata.floe]` names'
    project prefixed 'tag-prefix = "bump-"'
    refuses "{ src = $home/prefixed; tag = \"v1.4.0\"; }" 'the tag `v1.4.0` does not name version 1.4.0 of `bump`; release it as `bump-v1.4.0`'
    accepts "{ src = $home/prefixed; tag = \"bump-v1.4.0\"; }"
    refuses '{ targets = [ "x86_64-gnu" ]; image = true; }' 'the image of `bump` would have no platform; release a static target as well'
    accepts '{ targets = [ "x86_64-gnu" ]; }'
    project featured 'features = ["extra"]
[features]
extra = []
[[bin]]
name = "extra"
path = "src/main.rs"
required-features = ["extra"]'
    refuses "{ src = $home/featured; features = [ ]; }" 'has other programs than floe reads in Cargo.toml; write them under [package.metadata.floe] instead'
    accepts "{ src = $home/featured; features = [ \"extra\" ]; }"
    mkdir -p "$home/unlocked/src"
    printf '[package]\nname = "tool"\nversion = "1.0.0"\n' >"$home/unlocked/Cargo.toml"
    refuses "{ src = $home/unlocked; }" 'there is no `Cargo.lock` in `src`; run `cargo generate-lockfile`'
}
rm -rf "$home/flagged"
mkdir -p "$home/flagged/.cargo"
cp -r tests/nix/bump/before/. "$home/flagged"
printf '[build]\nrustflags = ["--cfg", "tokio_unstable"]\n' >"$home/flagged/.cargo/config.toml"
flake eval --impure .#lib \
    --apply "lib: (lib.mkRelease { src = $home/flagged; }).packages.x86_64-linux.dist.drvPath" >/dev/null
warnings=$(grep -c 'warning: .*are built without the rustflags' "$home/log" || true)
((warnings == 1)) || failed "the warning that rustflags are lost comes $warnings times"
printf '[target."cfg(windows)"]\nrustflags = ["-C", "a"]\n' >"$home/flagged/.cargo/config.toml"
flake eval --impure .#lib \
    --apply "lib: (lib.mkRelease { src = $home/flagged; }).packages.x86_64-linux.dist.drvPath" >/dev/null
! grep -q 'rustflags' "$home/log" || failed 'rustflags for Windows are said to be lost on Linux'
# A Cargo.toml that no package of the workspace names may be anything.
mkdir -p "$home/flagged/fixtures/bad"
printf 'x = \n' >"$home/flagged/fixtures/bad/Cargo.toml"
accepts "{ src = $home/flagged; }"
accepts "{ auditable = true; }"
passed 'mistakes are named at evaluation'

# The documents of a build script reach what Nix builds and the native legs by one script.
project documented 'include = [{ built = "assets/tool.1", to = "man/tool.1" }]'
of_documented() {
    flake eval --raw --impure .#lib --apply "lib: (lib.mkRelease { src = $home/documented; }).$1"
}
of_documented legacyPackages.x86_64-linux.matrix.documents | grep -qE "^built=\(.?assets/tool\.1.? .?man/tool\.1.?\)" ||
    failed 'native legs do not gather documents'
of_documented packages.x86_64-linux.release-x86_64-musl.binaries.postInstall | grep -qF -- '-documents.sh' ||
    failed 'Nix does not gather documents'
passed 'documents that a build script makes are gathered'

# A workspace in a folder of the repository, whatever it is called: the workflow looks for it there, and one word names it.
rm -rf "$home/below"
mkdir -p "$home/below/rust"
cp -r tests/nix/bump/before "$home/below/rust/my tool"
of_below() {
    flake eval --raw --impure .#lib --apply "lib: let
        self = { outPath = \"\${builtins.path { path = $home/below; name = \"source\"; }}\"; };
        release = lib.mkRelease { src = self + \"/rust/my tool\"; inherit self; };
    in $1"
}
[[ $(of_below release.legacyPackages.x86_64-linux.matrix.root) == 'rust/my tool' ]] || failed 'the workflow looks for the workspace elsewhere'
# shellcheck disable=SC2016  # the expression is Nix's
of_below 'toString (map (name: release.packages.x86_64-linux.${name}.drvAttrs.args) [ "release-x86_64-musl" "image" ])' |
    grep -c "'/nix/store/[^']*/rust/my tool/./Cargo.toml'" | grep -qx 2 || failed 'the folder of a workspace is not one word'
passed 'a workspace may be in a folder of its repository'

# shellcheck source-path=SCRIPTDIR source=checkRelease.sh
source nix/checkRelease.sh

# Compilers see every folder but the build outputs at the root.
sources=$home/sources
rm -rf "$sources"
cp -r tests/nix/bump/before "$sources"
for folder in native dist target .github src/native src/dist src/target src/.github; do
    mkdir "$sources/$folder"
    touch "$sources/$folder/mod.rs"
done
touch "$sources/src/text.nix" "$sources/flake.nix"
source=$(flake eval --raw --impure .#lib \
    --apply "lib: builtins.replaceStrings [ \"\\\"\" ] [ \"\" ] (builtins.unsafeDiscardStringContext (lib.mkRelease { src = $sources; }).packages.x86_64-linux.default.src)")
found=$(cd "$home/store$source" && find . -name mod.rs -o -name '*.nix' | sort | tr '\n' ' ')
[[ $found == './src/.github/mod.rs ./src/dist/mod.rs ./src/native/mod.rs ./src/target/mod.rs ./src/text.nix ' ]] ||
    failed "compilers would see $found"
passed 'compilers see all sources'

# Each archive and the image as CI of a machine with Nix would have them, then each once more, which must give the same.
if [[ ${FLOE_NIX_BUILD-0} != 0 ]]; then
    outputs=(.#dist)
    for name in $(flake eval --json .#checks.x86_64-linux --apply builtins.attrNames | tr -d '[]"' | tr , ' '); do
        outputs+=(".#checks.x86_64-linux.$name")
    done
    flake build --no-link "${outputs[@]}"
    again=()
    for target in x86_64-gnu x86_64-musl aarch64-gnu aarch64-musl; do
        again+=(".#release-$target" ".#release-$target.binaries")
    done
    flake build --no-link --rebuild "${again[@]}"
    passed "the dist and $((${#outputs[@]} - 1)) checks are built, the binaries and archives twice"
else
    skipped+=('nothing is built')
fi
if [[ $inputs == "$here/tests/nix/standins" ]]; then
    skipped+=('the inputs are stand-ins (FLOE_NIX_INPUTS names no checkouts)')
fi
if ((${#skipped[@]} > 0)); then
    list=$(printf '; %s' "${skipped[@]}")
    printf 'not done: %s\n' "${list#; }"
fi
