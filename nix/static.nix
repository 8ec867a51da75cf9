# The program for this system that needs no library: what the leg of this musl target builds. macOS has none, and gives the
# program as it is.
{
  lib,
  pkgs,
  table,
  isLinux,
  package,
}:
let
  inherit (pkgs.stdenv.hostPlatform) system;
  isMine =
    target: target.builder == "nix" && target.image != null && lib.hasPrefix "${target.arch}-" system;
in
package { target = if isLinux then lib.findFirst isMine null table.all else null; }
