# All that Linux builds, in one dist: archives, SBOMs, records, and the image beside them.
{
  lib,
  pkgs,
  project,
  packer,
  trees,
}:
{ releases, image }:
# `.#dist.floe` is the floe that packed it, and `.#dist.trees` are the crates of all targets.
pkgs.runCommand "${project.name}-${project.version}-dist"
  {
    passthru = {
      floe = packer;
      inherit trees;
    };
  }
  (
    ''
      mkdir "$out"
    ''
    + lib.concatMapStrings (release: ''
      cp ${release}/* "$out/"
    '') releases
    + lib.optionalString (image != null) ''
      cp -r ${image} "$out/image"
    ''
  )
