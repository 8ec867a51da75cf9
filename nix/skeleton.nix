# The workspace reduced to what its dependencies need. Its own versions are 0.0.0 in manifests and lock file, and gone
# from path requirements, so that dependencies that are compiled stay valid when only the version changes.
{
  lib,
  craneLib,
  project,
}:
source:
let
  inherit (project) lock root;
  # A patch must keep the version that its requirements ask for, so a workspace with patches is left as it is.
  isPlain = !(root ? patch || root ? replace);
  isOwn = entry: isPlain && !(entry ? source);
  own = lib.filter isOwn lock.package;

  # Where two packages share a name, the lock file tells them apart by their versions.
  renamed = lib.listToAttrs (map (entry: lib.nameValuePair "${entry.name} ${entry.version}" "${entry.name} 0.0.0") own);
  normal =
    entry:
    entry
    // lib.optionalAttrs (isOwn entry) { version = "0.0.0"; }
    // lib.optionalAttrs (entry ? dependencies) {
      dependencies = map (dependency: renamed.${dependency} or dependency) entry.dependencies;
    };

  manifests = map (path: fromTOML (builtins.readFile path)) (craneLib.findCargoFiles source).cargoTomls;
  kinds = [
    "dependencies"
    "dev-dependencies"
    "build-dependencies"
  ];
  tables =
    manifest:
    lib.concatMap (holder: map (kind: holder.${kind} or { }) kinds) (
      [ manifest (manifest.workspace or { }) ] ++ lib.attrValues (manifest.target or { })
    );
  # The keys under which some manifest asks for a package of the workspace by its path.
  byPath = lib.unique (
    lib.concatMap (
      requirements: lib.attrNames (lib.filterAttrs (_: one: one ? path) requirements)
    ) (lib.concatMap tables manifests)
  );
  isOwnVersion =
    path:
    lib.last path == "version"
    && (
      path == [ "package" "version" ]
      || path == [ "workspace" "package" "version" ]
      || lib.length path > 2 && lib.elem (fromEnd 2 path) byPath && lib.elem (fromEnd 3 path) kinds
    );
  fromEnd = n: path: lib.elemAt path (lib.length path - n);
in
craneLib.mkDummySrc {
  src = lib.cleanSourceWith {
    src = source;
    filter = path: _: baseNameOf path != "Cargo.lock";
  };
  cargoLock = craneLib.writeTOML "Cargo.lock" (lock // { package = map normal lock.package; });
  cleanCargoTomlFilter = path: !(isPlain && isOwnVersion path) && craneLib.filters.cargoTomlDefault path;
}
