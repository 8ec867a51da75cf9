# The source as compilers see it: everything but what no compiler reads, so that a change of a workflow or of the
# flake itself compiles nothing. Files that are packed beside the binaries are taken from the whole `src`.
{ lib, settings }:
let
  inherit (settings) src self;
  # At the root only: below it a module may be called `native`.
  unread = [
    ".ci"
    ".git"
    ".github"
    "flake.lock"
  ]
  # A flake in git holds no build outputs: what has such a name there is source.
  ++ lib.optionals (!(self ? rev || self ? dirtyRev)) [
    "dist"
    "native"
    "target"
  ];
  below = import ./below.nix { inherit lib; } src;
  # A template is a text that programs carry inside them, whatever its files are called.
  isOfFlake =
    path:
    builtins.match "(nix/.*)?[^/]*[.]nix" path != null && builtins.match ".*/template/.*" path == null;
in
lib.cleanSourceWith {
  src = lib.cleanSource src;
  name = "source";
  filter = path: _: !(lib.elem (below path) unread || isOfFlake (below path));
}
