# Warns of git submodules that the source lacks: a flake sees those of its own repository only where it asks for them.
{ lib }:
src: value:
let
  path = src + "/.gitmodules";
  lines = lib.splitString "\n" (builtins.readFile path);
  named = lib.concatMap (
    line:
    let
      found = builtins.match "[[:space:]]*path[[:space:]]*=[[:space:]]*\"?([^\"]*[^\"[:space:]])\"?[[:space:]]*" line;
    in
    lib.optionals (found != null) found
  ) (lib.optionals (builtins.pathExists path) lines);
  isThere =
    folder: builtins.pathExists (src + "/${folder}") && builtins.readDir (src + "/${folder}") != { };
  missing = lib.filter (folder: !isThere folder) named;
  others = lib.length missing - 1;
in
lib.warnIf (missing != [ ])
  "the submodule `${lib.head missing}`${
    lib.optionalString (others > 0) " and ${toString others} more"
  } of `.gitmodules` ${
    if others > 0 then "are" else "is"
  } not in the source; a build that needs it takes `inputs.self.submodules = true;` in flake.nix, and Nix 2.27 or newer"
  value
