# `nix run .#publish -- native/ --tag v1.4.0`: what `nix build .#dist` built, and the native legs' folders, published.
{
  lib,
  pkgs,
  project,
  packer,
  origin,
  trees,
  dist,
}:
let
  environment = origin // {
    dist = "${dist}";
    trees = "${trees}";
    inherit (project) repo;
    projectTargets = lib.concatMapStringsSep " " (target: "--target ${target.name}") project.promised;
    projectImage = lib.optionalString (!project.hasImage) "--no-image";
  };
in
pkgs.writeShellApplication {
  name = "publish";
  runtimeInputs = [ packer ];
  runtimeEnv = environment;
  text = builtins.readFile ./publish.sh;
  meta.description = "Publish ${project.name}: the dist, and the folders of binaries that are given";
}
