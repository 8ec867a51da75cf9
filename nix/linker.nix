# The linker of Linux releases: cargo-zigbuild over zig. It is checked together with Rust before anything is built.
{
  lib,
  pkgs,
  toolchain,
}:
let
  isFrom = least: version: builtins.compareVersions version least >= 0;
  # The oldest that were tried.
  oldest = {
    cargo-zigbuild = "0.19.8";
    zig = "0.15";
  };
  old = lib.filter (name: !isFrom oldest.${name} pkgs.${name}.version) (lib.attrNames oldest);
  # A toolchain may not say which Rust it is, or only the date of a nightly one.
  rust = toolchain.channel or "";
  isAhead =
    builtins.match "[0-9].*" rust != null
    && isFrom "1.98" rust
    && !isFrom "0.23.0" pkgs.cargo-zigbuild.version;
  cure = "use a newer nixpkgs, such as `inputs.floe.inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-unstable\";`";
in
assert
  old == [ ]
  || throw "${lib.head old} ${pkgs.${lib.head old}.version} is too old to link releases, which needs ${oldest.${lib.head old}} or newer; ${cure}";
lib.warnIf isAhead
  "Rust ${rust} passes a flag for Arm that cargo-zigbuild ${pkgs.cargo-zigbuild.version} does not know and zig refuses; floe removes it, and cargo-zigbuild 0.23.0 does; ${cure}"
  [
    pkgs.cargo-zigbuild
    (pkgs.writeShellApplication {
      name = "zig";
      runtimeInputs = [ pkgs.gnused ];
      runtimeEnv.zig = lib.getExe pkgs.zig;
      text = builtins.readFile ./zigFilter.sh;
      meta.description = "zig without the flags of rustc that it refuses";
    })
  ]
