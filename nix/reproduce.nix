# `nix run .#reproduce -- v1.4.0`: builds a published tag from scratch and compares what is published with it.
{
  lib,
  pkgs,
  project,
  packer,
  settings,
}:
pkgs.writeShellApplication {
  name = "reproduce";
  runtimeInputs = [ packer ];
  runtimeEnv = {
    inherit (project) repo;
    # Archives of GitHub, which `github:` fetches, hold no submodules.
    source = lib.optionalString (builtins.pathExists (settings.src + "/.gitmodules")) "git";
  };
  text = builtins.readFile ./reproduce.sh;
  meta.description = "Build a published tag of ${project.name} from scratch, and compare";
}
