# shellcheck shell=bash
# Sourced by check.sh, whose functions it calls: what a release waits for, who packs it, and how it is linked and rebuilt.
# shellcheck disable=SC2154,SC2016  # home, here and inputs are check.sh's; backticks are quotes

# `of ARGUMENTS EXPRESSION [FLOE]` evaluates a text of `release`, the outputs that mkRelease gives for these arguments.
of() {
    flake eval --raw --impure "${3:-.}#lib" \
        --apply "lib: let release = (lib.mkRelease ({ src = $here/tests/nix/bump/before; } // $1)); linux = release.packages.x86_64-linux; in $2"
}
# `is TEXT PATTERN MESSAGE`: the text fits the pattern, or the run fails.
is() {
    # shellcheck disable=SC2053  # it is a pattern
    [[ $1 == $2 ]] || failed "$3: $1"
}
throws() {
    ! of "$1" "$2" >/dev/null 2>"$home/thrown" || failed "mkRelease takes $1"
    grep -qF -- "$3" "$home/thrown" || { cat "$home/thrown" >&2 && failed "mkRelease does not say: $3"; }
}

checks='toString (builtins.attrNames release.checks.x86_64-linux)'
promised='image portable-aarch64-gnu portable-aarch64-musl portable-x86_64-gnu portable-x86_64-musl rehearsal'
twice='twice-aarch64-gnu twice-aarch64-musl twice-x86_64-gnu twice-x86_64-musl'
wanted='{ checks = { clippy = true; docs = false; tests = { arguments = "--workspace -- --skip net"; env.LANG = "C.UTF-8"; }; }; }'
is "$(of '{ }' "$checks")" "$promised $twice" 'a project has other checks than those of its promises'
is "$(of "$wanted" "$checks")" "clippy $promised tests $twice" 'a project has other checks than those it asks for'
is "$(of "$wanted" 'builtins.toJSON release.checks.x86_64-linux.tests.drvAttrs')" '*--workspace -- --skip net*' 'tests get no arguments'
is "$(of "$wanted" 'builtins.toJSON release.checks.x86_64-linux.tests.drvAttrs')" '*C.UTF-8*' 'tests get no variables'
is "$(of "$wanted" linux.gate.drvPath)" "$(of '{ extraChecks = _: { x = 1; }; }' linux.gate.drvPath)" 'a check of the project is a part of the gate'
is "$(of '{ }' 'toString (builtins.length linux.gate.drvAttrs.passed)')" 10 'the gate holds other checks'
throws '{ checks.clipy = true; }' 'release.checks.x86_64-linux.clipy.drvPath' '`checks` of mkRelease has no `clipy`; it knows clippy, dependencies, docs, fmt, tests'
throws '{ checks.tests.argument = "x"; }' 'release.checks.x86_64-linux.tests.drvPath' '`checks.tests` of mkRelease has no `argument`; it knows arguments, env, nativeBuildInputs'
throws '{ checks.fmt = "yes"; }' 'release.checks.x86_64-linux.fmt.drvPath' '`checks.fmt` of mkRelease is `true`, `false` or a set'
is "$(of '{ targets = [ "aarch64-gnu" ]; }' "$checks")" 'portable-aarch64-gnu rehearsal twice-aarch64-gnu' 'a release without a static target has an image'
passed 'a release waits for what it promises, and for no check of the project itself'

# Packing and publishing need floe alone: no toolchain, no linker.
needs() {
    of '{ }' "$1" >"$home/drv"
    run nix derivation show "${options[@]}" "$(<"$home/drv")" 2>"$home/log" | jq --raw-output \
        '(.derivations // .)[] | (.inputs.drvs // .inputDrvs) | keys[] | sub("^(/nix/store/)?[a-z0-9]{32}-"; "") | sub("[.]drv$"; "")' | sort | tr '\n' ' '
}
if command -v jq >/dev/null; then
    program='builtins.head (builtins.attrNames (builtins.getContext release.apps.x86_64-linux.publish.program))'
    for what in "$program" linux.release-x86_64-musl.drvPath linux.image.drvPath; do
        needed=$(needs "$what")
        is " $needed" '* cargo *floe-*' 'what floe is called for is not what it needs'
        [[ ! $needed =~ toolchain|rust|zig ]] || failed "packing or publishing needs a compiler: $needed"
    done
    passed 'what packs and publishes needs no toolchain'
else
    skipped+=('jq is not installed, so that nothing says what publishing needs')
fi

# Programs of build scripts: those of crates in the lock file, and those that the project's own build script names.
asked='builtins.toJSON [ linux.release-x86_64-musl.binaries.drvAttrs linux.default.drvAttrs ]'
project tooled ''
sed -i '/metadata.floe/d' "$home/tooled/Cargo.toml"
printf 'fn main() { std::process::Command::new("git"); }\n' >"$home/tooled/build.rs"
cat >>"$home/tooled/Cargo.lock" <<'EOF'

[[package]]
name = "grpc"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "0000000000000000000000000000000000000000000000000000000000000000"
dependencies = ["bindgen 0.72.0", "cmake", "prost-build"]

[[package]]
name = "aws-lc-sys"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "0000000000000000000000000000000000000000000000000000000000000000"
dependencies = ["nasm-rs"]
EOF
plain=$(of '{ }' "$asked") tooled=$(of "{ src = $home/tooled; }" "$asked")
for program in -git -cmake -protobuf LIBCLANG_PATH -bindgen-hook; do
    is "$tooled" "*$program*" "a build gets no $program"
    [[ $plain != *"$program"* ]] || failed "a build gets $program, and nothing asks for it"
done
[[ $tooled != *-nasm* ]] || failed 'a build gets what only aws-lc-sys could ask for'
passed 'builds get the programs that their crates and their build script call'

# Submodules that are not there are named once, and not where they are.
rm -rf "$home/modules"
cp -r tests/nix/bump/before "$home/modules"
printf '[submodule "themes"]\n\tpath = assets/themes\n\turl = ../themes\n[submodule "more"]\n\tpath = "assets/more"\n' >"$home/modules/.gitmodules"
of "{ src = $home/modules; }" linux.dist.drvPath >/dev/null
is "$(grep -c '`assets/themes` and 1 more of `.gitmodules` are not in the source.*inputs.self.submodules = true' "$home/log")" 1 'submodules are lost without a word'
mkdir -p "$home/modules/assets/themes" "$home/modules/assets/more"
touch "$home/modules/assets/themes/a" "$home/modules/assets/more/a"
of "{ src = $home/modules; }" linux.dist.drvPath >/dev/null
! grep -q submodule "$home/log" || failed 'submodules that are there are said to be missing'
passed 'submodules that a source lacks are named'

# The released floe packs: fetched by its hash, and refused if it is another one.
if command -v jq >/dev/null; then
    fork=$home/fork served=$home/served/v9.9.9
    rm -rf "$fork" "$home/served"
    mkdir -p "$fork" "$served"
    git ls-files -z | xargs -0 cp --parents -t "$fork"
    for triple in x86_64-unknown-linux-musl aarch64-unknown-linux-musl; do
        mkdir -p "$served/floe-$triple"
        printf '#!/bin/sh\necho floe 9.9.9\n' >"$served/floe-$triple/floe"
        chmod +x "$served/floe-$triple/floe"
        tar -czf "$served/floe-$triple.tar.gz" -C "$served" "floe-$triple"
    done
    (cd "$served" && sha256sum -- *.tar.gz >SHA256SUMS)
    bash nix/packer.sh 9.9.9 "$(printf '%040d' 1)" "file://$served" <"$served/SHA256SUMS" >"$fork/nix/packer.json"
    is "$(of '{ }' linux.dist.floe.name "path:$fork")" floe-9.9.9 'the released floe does not pack'
    [[ $(of '{ packer = "source"; }' linux.dist.floe.name "path:$fork") != floe-9.9.9 ]] || failed '`packer = "source"` takes the released floe'
    [[ $(of '{ }' linux.dist.floe.name) != floe-9.9.9 ]] || failed 'a floe is fetched that was never released'
    [[ $(flake eval --raw "path:$fork#dist.floe.name") != floe-9.9.9 ]] || failed 'floe does not pack itself'
    if [[ $inputs == "$here/tests/nix/standins" ]]; then
        # The programs of this machine are its builders; `--store` elsewhere always means a sandbox.
        build() {
            run nix build "${options[@]}" --no-link --print-out-paths --option build-hook '' \
                --option sandbox-paths "/bin /lib /lib64 /usr $home/served" "$@" 2>"$home/log"
        }
        pack() {
            of '{ }' linux.dist.floe.drvPath "path:$fork" >"$home/drv"
            build "$(<"$home/drv")^out"
        }
        mv "$served/floe-x86_64-unknown-linux-musl.tar.gz" "$home/kept.tar.gz"
        printf 'other bytes' >"$served/floe-x86_64-unknown-linux-musl.tar.gz"
        ! pack >/dev/null || failed 'other bytes than those of the hash are taken'
        grep -q 'hash mismatch' "$home/log" || { cat "$home/log" >&2 && failed 'other bytes are not refused by their hash'; }
        mv "$home/kept.tar.gz" "$served/floe-x86_64-unknown-linux-musl.tar.gz"
        packer=$(pack) || { cat "$home/log" >&2 && failed 'the released floe cannot be fetched'; }
        is "$("$home/store$packer/bin/floe")" 'floe 9.9.9' 'another floe was fetched'
        sed -i 's/"9.9.9"/"9.9.8"/' "$fork/nix/packer.json"
        ! pack >/dev/null || failed 'a floe of another version is taken'
        grep -q 'holds `floe 9.9.9`, and nix/packer.json of floe names version 9.9.8' "$home/log" || { cat "$home/log" >&2 && failed 'nothing says which floe was fetched'; }
    fi
    ! bash nix/packer.sh 9.9.9 0 "file://$served" </dev/null 2>/dev/null || failed 'a release without binaries is taken'
    passed 'the released floe is fetched by its hash, and packs'
else
    skipped+=('jq is not installed, so that nothing is fetched')
fi

# zig, cargo-zigbuild and Rust that do not fit.
linker() {
    # shellcheck disable=SC2086  # three words
    set -- $1
    run nix eval "${options[@]}" --impure --expr "builtins.length (import $here/nix/linker.nix {
        lib = import $here/tests/nix/standins/nixpkgs/lib.nix;
        pkgs = { zig.version = \"$1\"; cargo-zigbuild.version = \"$2\"; gnused = null; writeShellApplication = _: null; };
        toolchain.channel = \"$3\"; })" 2>&1
}
for fit in '0.16.0 0.23.0 1.98.0' '0.15.2 0.22.3 1.97.1' '0.17.0 0.24.0 2.0.0' '0.16.0 0.22.3 nightly-2026-06-10'; do
    is "$(linker "$fit")" 2 "zig, cargo-zigbuild and Rust $fit do not fit"
done
is "$(linker '0.16.0 0.22.3 1.98.0')" '*warning: Rust 1.98.0 passes a flag for Arm*use a newer nixpkgs*' 'nothing is said of Rust 1.98'
is "$(linker '0.14.1 0.23.0 1.97.1')" '*zig 0.14.1 is too old*0.15 or newer; use a newer nixpkgs*' 'an old zig is taken'
is "$(linker '0.16.0 0.19.7 1.97.1')" '*cargo-zigbuild 0.19.7 is too old*0.19.8 or newer*' 'an old cargo-zigbuild is taken'
printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$home/zig"
chmod +x "$home/zig"
printf '%s\n' -o x -Wl,--fix-cortex-a53-843419 '"-Wl,--fix-cortex-a53-843419"' -Wl,--gc-sections >"$home/linker-arguments"
is "$(zig=$home/zig bash -euo pipefail nix/zigFilter.sh cc -Wl,--fix-cortex-a53-843419 'a b' "@$home/linker-arguments")" \
    "<cc><a b><@$home/linker-arguments>" 'zig gets other arguments'
is "$(tr '\n' ' ' <"$home/linker-arguments")" '-o x -Wl,--gc-sections ' 'zig gets other arguments in a file'
passed 'zig, cargo-zigbuild and Rust are compared, and zig gets no flag that it refuses'

# The repository of floe is that of the lock file, or of its Cargo.toml unless that is the placeholder.
address() {
    run nix eval "${options[@]}" --impure --json --expr "import $here/nix/address.nix {
        lib = import $here/tests/nix/standins/nixpkgs/lib.nix; floe = { outPath = \"$1\"; rev = \"f1\"; }; src = $home/user; }" 2>/dev/null
}
rm -rf "$home/user" "$home/named" "$home/placeholder"
mkdir -p "$home/user" "$home/named" "$home/placeholder"
printf '[workspace.package]\nrepository = "https://github.com/acme/floe"\n' >"$home/named/Cargo.toml"
sed 's/acme/OWNER/' "$home/named/Cargo.toml" >"$home/placeholder/Cargo.toml"
is "$(address "$home/named")" '"https://github.com/acme/floe"' 'floe is elsewhere'
is "$(address "$home/placeholder")" null 'the placeholder is taken for an address'
lock() {
    local other='"type": "github", "rev": "f0", "owner": "a", "repo": "b"'
    printf '{"nodes": {"root": {}, "other": {"locked": {%s}}, "floe": {"locked": {%s}}}}' "$other" "$1" >"$home/user/flake.lock"
}
lock '"type": "github", "rev": "f1", "owner": "fork", "repo": "floe"'
is "$(address "$home/placeholder")" '"https://github.com/fork/floe"' 'a fork is not found'
is "$(address "$home/named")" '"https://github.com/fork/floe"' 'a fork is not found where Cargo.toml names another'
lock '"type": "gitlab", "rev": "f1", "owner": "acme", "repo": "floe"'
is "$(address "$home/placeholder")" '"https://gitlab.com/acme/floe"' 'GitLab is not found'
lock '"type": "path", "path": "/floe"'
is "$(address "$home/placeholder")" null 'a folder is taken for an address'
passed 'the repository of floe is found'

# A rebuild is made as on the system of the release, and refused where this machine cannot.
stubs=$home/stubs
rm -rf "$stubs"
mkdir -p "$stubs"
cat >"$stubs/nix" <<'EOF'
#!/bin/sh
case "$1 $2 $3" in
"config show system") echo "$SYSTEM" ;;
"config show extra-platforms") echo "$EXTRA" ;;
"build "*) echo "built $2" >&2 && echo /nix/store/dist ;;
esac
EOF
printf '#!/bin/sh\necho "floe $*" >&2\n' >"$stubs/floe"
chmod +x "$stubs"/*
reproduce() {
    PATH=$stubs:$PATH SYSTEM=$1 EXTRA=$2 source=${source-} repo=acme/tool bash -euo pipefail nix/reproduce.sh "${@:3}" 2>&1 || printf 'exit %s' $?
}
is "$(reproduce x86_64-linux i686-linux v1.4.0)" '*built github:acme/tool/v1.4.0#packages.x86_64-linux.dist*floe reproduce v1.4.0*' 'a release is not rebuilt'
is "$(reproduce aarch64-linux '' v1.4.0)" 'error: `v1.4.0` has to be built on x86_64-linux, and this machine builds for aarch64-linux*hint: *--system aarch64-linux*exit 1' 'an Arm machine rebuilds'
is "$(reproduce aarch64-linux 'armv7l-linux riscv64-linux' v1.4.0)" '*this machine builds for aarch64-linux, armv7l-linux, riscv64-linux*--system aarch64-linux*exit 1' 'not every system of this machine is named'
is "$(reproduce aarch64-linux x86_64-linux v1.4.0)" '*built github:acme/tool/v1.4.0#packages.x86_64-linux.dist*' 'QEMU is not used'
is "$(reproduce aarch64-linux '' v1.4.0 --system aarch64-linux)" '*built *#packages.aarch64-linux.dist*' 'a release of an Arm machine is not rebuilt'
is "$(reproduce x86_64-linux '' v1.4.0 --system aarch64-linux)" '*exit 1' 'a release of an Arm machine is rebuilt on another'
is "$(source=git reproduce x86_64-linux '' v1.4.0 --repo a/b)" '*built git+https://github.com/a/b[?]ref=refs/tags/v1.4.0#packages*' 'submodules are not fetched'
is "$(reproduce x86_64-linux '' v1.4.0 --image docker.io/a/b)" '*floe verify --release v1.4.0 --repo acme/tool --image docker.io/a/b*floe reproduce v1.4.0 *--image docker.io/a/b*' 'the image of another owner is refused'
passed 'a rebuild is made as on the system of the release'

# A release goes to the repository that mkRelease is given, or that a workflow runs in, and to no other.
# A word with a blank is shown as one.
cat >"$stubs/floe" <<'EOF'
#!/bin/sh
printf '%s: floe' "$GITHUB_REPOSITORY"
for word; do
    case $word in *' '*) word="<$word>" ;; esac
    printf ' %s' "$word"
done
echo
EOF
publish() {
    PATH=$stubs:$PATH GITHUB_REPOSITORY=${1-} dist=/dist trees=/trees repo=acme/tool projectArguments="--package 'tool' --manifest-path '/my tool/Cargo.toml'" \
        projectTargets='--target x86_64-musl' projectImage='' bash -euo pipefail nix/publish.sh "${@:2}" 2>&1
}
is "$(publish '' --tag v1.4.0)" 'acme/tool: floe publish /dist --package tool --manifest-path </my tool/Cargo.toml> --target x86_64-musl --tag v1.4.0' 'another release is published'
is "$(publish fork/tool --tag v1.4.0)" 'fork/tool: floe publish /dist *' 'a fork publishes elsewhere'
mkdir -p "$home/native/x86_64-pc-windows-msvc"
is "$(publish '' "$home/native" --tag v1.4.0)" "*: floe package $home/native --package tool --manifest-path </my tool/Cargo.toml> --trees /trees --out *: floe publish /dist */dist --package tool *" 'native legs are not packed'
passed 'a release goes to the repository of the project'

# Files of the image are executable where those of the project are, whatever they are called.
rm -rf "$home/layer"
mkdir -p "$home/layer/bin"
printf '#!/bin/sh\n' | tee "$home/layer/run" >"$home/layer/plain text"
chmod +x "$home/layer/run"
touch "$home/layer/bin/tool"
run nix eval "${options[@]}" --impure --raw --expr "import $here/nix/image.nix {
    lib = import $here/tests/nix/standins/nixpkgs/lib.nix;
    pkgs = { cacert = \"\"; dockerTools.buildLayeredImage = made: made.extraCommands; runCommand = _: _: text: text; };
    project = { name = \"tool\"; version = \"1.0.0\"; main = \"tool\"; repo = \"acme/tool\"; released = [ \"tool\" ]; };
    packer = null; origin.projectArguments = \"\";
    settings = { imageConfig = { }; imageFiles = { \"bin/run\" = \"$home/layer/run\"; \"etc/a b\" = \"$home/layer/plain text\"; }; };
} [ { architecture = \"amd64\"; binaries = \"$home/layer\"; } ]" 2>"$home/log" | sed 's/^ *floe image //' |
    grep -v -e '--ca-certificates' -e '--out' -e 'export HOME' >"$home/layer/script" || { cat "$home/log" >&2 && failed 'an image is not evaluated'; }
(cd "$home/layer" && mkdir image && cd image && bash -euo pipefail ../script)
is "$(cd "$home/layer/image" && stat -c '%a %n' bin/run 'etc/a b' bin/tool | tr '\n' ' ')" '755 bin/run 644 etc/a b 755 bin/tool ' 'files of the image have other modes'
passed 'files of the image keep whether they are executable'
