# The image and the archives of its platforms, which one leg of the workflow builds.
{
  lib,
  pkgs,
  project,
  packer,
  trees,
  releases,
}:
image:
import ./dist.nix
  {
    inherit
      lib
      pkgs
      project
      packer
      trees
      ;
  }
  {
    releases = map (target: releases.${target.name}) (
      lib.filter (target: target.image != null) project.built
    );
    inherit image;
  }
