# The cargo that floe asks about the project. Packing and publishing ask for `cargo metadata` alone, which is recorded here once, so
# that neither needs a toolchain: `nix run .#publish` downloads none.
{
  pkgs,
  project,
  settings,
  toolchain,
}:
let
  metadata =
    pkgs.runCommand "${project.name}-${project.version}-metadata"
      {
        nativeBuildInputs = [ toolchain ];
      }
      ''
        export HOME=$TMPDIR
        cargo metadata --format-version 1 --no-deps --offline \
          --manifest-path ${pkgs.lib.escapeShellArg "${settings.src}/${project.folder}/Cargo.toml"} >"$out"
      '';
in
pkgs.writeShellApplication {
  name = "cargo";
  runtimeInputs = [ ];
  runtimeEnv.metadata = "${metadata}";
  text = builtins.readFile ./cargo.sh;
  meta.description = "What cargo says of ${project.name}, recorded";
}
