# The source as compilers see it: everything but what no compiler reads, so that a change of a workflow or of the
# flake itself compiles nothing. What is packed beside the binaries is taken from `src`, whole.
{ lib }:
src:
let
  unread = [
    ".ci"
    ".git"
    ".github"
    "dist"
    "native"
    "target"
    "flake.lock"
  ];
in
lib.cleanSourceWith {
  src = lib.cleanSource src;
  name = "source";
  filter = path: _: !(lib.elem (baseNameOf path) unread || lib.hasSuffix ".nix" path);
}
