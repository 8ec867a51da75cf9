# The workspace reduced to what its dependencies need. Its own versions are 0.0.0 in manifests and lock file, and gone
# from path requirements, so that dependencies that are compiled stay valid when only the version changes.
{
  lib,
  craneLib,
  project,
  settings,
}:
source:
let
  inherit (project) lock root;
  dependencies = import ./dependencies.nix { inherit lib; };
  # A patch of a registry's crate stays whole: dependencies are compiled with it, and ask for its version.
  patches = dependencies.patches root;
  patched = map (
    folder: (fromTOML (builtins.readFile (settings.src + "/${folder}/Cargo.toml"))).package
  ) patches;
  # Where that version is the workspace's own, all is left as it is; the same goes for `replace`, which is deprecated.
  isPlain = !(root ? replace) && lib.all (package: lib.isString (package.version or "")) patched;
  isOwn =
    entry: isPlain && !(entry ? source) && lib.all (package: package.name != entry.name) patched;
  own = lib.filter isOwn lock.package;

  # Where two packages share a name, the lock file tells them apart by their versions.
  renamed = lib.listToAttrs (
    map (entry: lib.nameValuePair "${entry.name} ${entry.version}" "${entry.name} 0.0.0") own
  );
  normal =
    entry:
    entry
    // lib.optionalAttrs (isOwn entry) { version = "0.0.0"; }
    // lib.optionalAttrs (entry ? dependencies) {
      dependencies = map (dependency: renamed.${dependency} or dependency) entry.dependencies;
    };

  # Any other Cargo.toml may be test data that is no TOML. The root's counts even if the root is no package.
  manifests = lib.unique (
    [ "Cargo.toml" ]
    ++ map (folder: if folder == "" then "Cargo.toml" else "${folder}/Cargo.toml") project.folders
  );
  below = import ./below.nix { inherit lib; } settings.src;
  isRead = path: baseNameOf path != "Cargo.toml" || lib.elem (below path) manifests;
  tables = manifest: dependencies.tables manifest ++ dependencies.tables (manifest.workspace or { });
  # The keys under which some manifest asks for a package of the workspace by its path.
  byPath = lib.unique (
    lib.concatMap (requirements: lib.attrNames (lib.filterAttrs (_: one: one ? path) requirements)) (
      lib.concatMap (path: tables (fromTOML (builtins.readFile (settings.src + "/${path}")))) manifests
    )
  );
  isOwnVersion =
    path:
    lib.last path == "version"
    && (
      lib.elem (lib.init path) [
        [ "package" ]
        [
          "workspace"
          "package"
        ]
      ]
      ||
        lib.length path > 2
        && lib.elem (fromEnd 2 path) byPath
        && lib.elem (fromEnd 3 path) dependencies.kinds
    );
  # crane keeps the files of the usual names, and not those that they include.
  configs = import ./cargoConfig.nix {
    inherit lib;
    read = path: fromTOML (builtins.readFile path);
  } settings.src;
  fromEnd = n: path: lib.elemAt path (lib.length path - n);
in
craneLib.mkDummySrc {
  src = lib.cleanSourceWith {
    src = source;
    filter = path: _: baseNameOf path != "Cargo.lock" && isRead path;
  };
  extraDummyScript =
    lib.concatMapStrings (folder: ''
      rm -rf "$out/${folder}"
      mkdir -p "$out/${dirOf folder}"
      cp -r --no-preserve=mode ${
        builtins.path {
          name = "patch";
          path = settings.src + "/${folder}";
        }
      } "$out/${folder}"
    '') patches
    + lib.concatMapStrings (one: ''
      install -D -m 644 ${
        builtins.toFile "config.toml" (
          builtins.unsafeDiscardStringContext (builtins.readFile (settings.src + "/${one.path}"))
        )
      } "$out/${one.path}"
    '') configs;
  cargoLock = craneLib.writeTOML "Cargo.lock" (lock // { package = map normal lock.package; });
  cleanCargoTomlFilter =
    path: !(isPlain && isOwnVersion path) && craneLib.filters.cargoTomlDefault path;
}
