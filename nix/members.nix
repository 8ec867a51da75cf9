# The packages of a workspace as Cargo finds them: the root's own, those that `workspace.members` names, and those that
# one of them depends on by path. No other Cargo.toml is read, because it may be test data.
{ lib, read }:
{ src, root }:
let
  workspace = root.workspace or { };
  hasManifest = folder: builtins.pathExists (src + "/${folder}/Cargo.toml");
  # A folder below `from`, without `.` and `..`; null outside of the source. The root itself is "".
  below =
    from: path:
    let
      step =
        parts: part:
        if parts == null || part == "" || part == "." then
          parts
        else if part != ".." then
          parts ++ [ part ]
        else if parts == [ ] then
          null
        else
          lib.init parts;
      parts = lib.foldl' step [ ] (lib.splitString "/" "${from}/${path}");
    in
    if parts == null || lib.hasPrefix "/" path then null else lib.concatStringsSep "/" parts;
  isBelow = folder: parent: parent == "" || folder == parent || lib.hasPrefix "${parent}/" folder;
  known = lib.filter (folder: folder != null);
  given = paths: known (map (below "") paths);

  expand = import ./glob.nix { inherit lib; } src;
  listed = paths: lib.filter hasManifest (lib.concatMap expand (given paths));

  # The folders that a package depends on by path, also where the workspace says which.
  dependencies = import ./dependencies.nix { inherit lib; };
  needs =
    folder:
    let
      own = map (below folder) (dependencies.paths (manifest folder));
      inherited = map (name: workspace.dependencies.${name}.path or null) (
        dependencies.inherited (manifest folder)
      );
    in
    lib.filter hasManifest (
      known (own ++ map (path: if path == null then null else below "" path) inherited)
    );
  manifest = folder: read (src + "/${folder}/Cargo.toml");

  excluded =
    folder:
    lib.any (isBelow folder) (given (workspace.exclude or [ ]))
    && !lib.any (isBelow folder) (given (workspace.members or [ ]));
  # Everything that can be reached from some folders, of what `isWanted`.
  reach =
    isWanted: folders:
    map (item: item.key) (
      builtins.genericClosure {
        startSet = map (key: { inherit key; }) (lib.filter isWanted folders);
        operator = item: map (key: { inherit key; }) (lib.filter isWanted (needs item.key));
      }
    );
  first = lib.optional (root ? package) "" ++ listed (workspace.members or [ ]);
  folders = reach (folder: folder == "" || !excluded folder) first;
  member = folder: {
    folder = if folder == "" then "." else folder;
    manifest = manifest folder;
  };
  defaults = listed (workspace.default-members or [ ]);
in
{
  all = map member folders;
  # Those that Cargo builds by default.
  default = map member (
    if workspace ? default-members then
      lib.filter (folder: lib.elem folder defaults) folders
    else if root ? package then
      [ "" ]
    else
      folders
  );
  # Every folder with a Cargo.toml that the build reads: dependencies outside of the workspace too.
  folders = reach (_: true) (first ++ given (dependencies.patches root));
}
