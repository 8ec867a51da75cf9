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
  # A template is a text that programs carry inside them, whatever its files are called.
  isTemplate = path: builtins.match ".*/template/.*" (lib.removePrefix (toString src) path) != null;
in
lib.cleanSourceWith {
  src = lib.cleanSource src;
  name = "source";
  filter =
    path: _: isTemplate path || !(lib.elem (baseNameOf path) unread || lib.hasSuffix ".nix" path);
}
