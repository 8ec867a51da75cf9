# `nix run .#reproduce -- v1.4.0`: builds a published tag again and compares what is published with it.
{
  pkgs,
  project,
  packer,
}:
pkgs.writeShellApplication {
  name = "reproduce";
  runtimeInputs = [
    packer
    pkgs.jq
  ];
  runtimeEnv.repo = project.repo;
  text = builtins.readFile ./reproduce.sh;
  meta.description = "Build a published tag of ${project.name} again, and compare";
}
