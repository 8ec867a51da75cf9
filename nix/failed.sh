# shellcheck shell=bash
# `failed.sh PACKAGE TARGET`: what a person whose project does not build for a target can change.
cat <<END
floe: \`$1\` does not build for $2; the error is above. In the arguments of mkRelease,
  a program is missing          nativeBuildInputs = pkgs: [ pkgs.… ];
  a C library is missing        features = [ "…" ];  so that its crate compiles it, often \`vendored\` or \`bundled\`
  a variable or flag is missing env = { … };  or  rustflags = "…";  (those of .cargo/config.toml are not read)
  the target is not wanted      targets = [ … ];  without "$2"
END
