# All that Linux builds, in one dist: archives, records, and the image beside them.
{
  lib,
  pkgs,
  project,
}:
{ releases, image }:
pkgs.runCommand "${project.name}-${project.version}-dist" { } (
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
