# The dependencies by path in a manifest.
{ lib }:
let
  kinds = [
    "dependencies"
    "dev-dependencies"
    "build-dependencies"
    # As old manifests spell them.
    "dev_dependencies"
    "build_dependencies"
  ];
  tables =
    manifest:
    lib.concatMap (holder: map (kind: holder.${kind} or { }) kinds) (
      [ manifest ] ++ lib.attrValues (manifest.target or { })
    );
  paths =
    requirements: map (one: one.path) (lib.filter (one: one ? path) (lib.attrValues requirements));
in
{
  inherit kinds tables;
  # Relative to the manifest's folder.
  paths = manifest: lib.concatMap paths (tables manifest);
  # The names of those that the workspace describes.
  inherited =
    manifest:
    lib.concatMap (
      requirements: lib.attrNames (lib.filterAttrs (_: one: one.workspace or false) requirements)
    ) (tables manifest);
  # Crates that replace those of a registry.
  patches = root: lib.concatMap paths (lib.attrValues (root.patch or { }));
}
