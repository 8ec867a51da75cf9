# A path that a source filter is asked about, relative to the source. With an alternative store the path begins with that
# store's folder, so that all before the source is cut off.
{ lib }:
src:
let
  base = builtins.unsafeDiscardStringContext "${toString src}/";
in
path: lib.last (lib.splitString base path)
