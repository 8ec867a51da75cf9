# The packages of a workspace: the root's own and those that `workspace.members` names, with their folders.
{ lib, read }:
{ src, root }:
let
  hasManifest = folder: builtins.pathExists (src + "/${folder}/Cargo.toml");
  subfolders =
    folder: lib.attrNames (lib.filterAttrs (_: type: type == "directory") (builtins.readDir (src + "/${folder}")));
  # `crates/*` is the only kind of pattern in wide use; a star anywhere else is not looked at.
  expand =
    member:
    if lib.hasSuffix "/*" member then
      map (name: "${lib.removeSuffix "/*" member}/${name}") (subfolders (lib.removeSuffix "/*" member))
    else
      [ member ];
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
map member (lib.optional (root ? package) "." ++ lib.filter (folder: folder != "." && hasManifest folder) folders)
