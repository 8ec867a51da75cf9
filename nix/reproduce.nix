# `nix run .#reproduce -- v1.4.0`: builds a published tag from scratch and compares what is published with it.
{
  pkgs,
  project,
  packer,
}:
pkgs.writeShellApplication {
  name = "reproduce";
  runtimeInputs = [ packer ];
  runtimeEnv.repo = project.repo;
  text = builtins.readFile ./reproduce.sh;
  meta.description = "Build a published tag of ${project.name} from scratch, and compare";
}
