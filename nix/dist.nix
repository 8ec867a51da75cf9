# All that Linux builds, in one dist: archives, records, and the image beside them.
{
  lib,
  pkgs,
  project,
  packer,
}:
{ releases, image }:
# `.#dist.floe` is the floe that packed it: a later job copies both from store to store and compiles nothing.
pkgs.runCommand "${project.name}-${project.version}-dist" { passthru.floe = packer; } (
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
