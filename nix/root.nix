# The folder of the workspace in the repository, `.` for its root.
{ lib, settings }:
let
  below = import ./below.nix { inherit lib; } (settings.self.outPath or settings.src);
  folder = below (builtins.unsafeDiscardStringContext (toString settings.src));
in
# It is a whole path if the source is not in the flake that is given.
if lib.hasPrefix "/" folder then "." else folder
