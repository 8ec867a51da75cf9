# The packages of a workspace: the root's own and those that `workspace.members` names, with their folders.
{ lib, read }:
{ src, root }:
let
  hasManifest = folder: builtins.pathExists (src + "/${folder}/Cargo.toml");
  subfolders =
    folder:
    lib.attrNames (
      lib.filterAttrs (_: type: type == "directory") (
        if builtins.pathExists (src + "/${folder}/.") then builtins.readDir (src + "/${folder}") else { }
      )
    );
  # A star stands for any part of one folder's name, as in `crates/*` or `*/plugin-*`.
  expand =
    member:
    lib.foldl' (
      folders: part: lib.concatMap (folder: map (name: child folder name) (named folder part)) folders
    ) [ "" ] (lib.splitString "/" (lib.removePrefix "./" (lib.removeSuffix "/" member)));
  child = folder: name: if folder == "" then name else "${folder}/${name}";
  named =
    folder: part:
    if lib.hasInfix "*" part then
      lib.filter (
        name: builtins.match (lib.replaceStrings [ "." "*" ] [ "\\." ".*" ] part) name != null
      ) (subfolders folder)
    else
      [ part ];
  excluded = root.workspace.exclude or [ ];
  folders = lib.subtractLists excluded (lib.concatMap expand (root.workspace.members or [ ]));
  member =
    folder:
    let
      manifest = read (src + "/${folder}/Cargo.toml");
      has = path: builtins.pathExists (src + "/${folder}/${path}");
    in
    {
      inherit folder manifest;
      isProgram = manifest ? bin || has "src/main.rs" || has "src/bin";
    };
in
map member (
  lib.optional (root ? package) "."
  ++ lib.filter (folder: folder != "." && hasManifest folder) folders
)
