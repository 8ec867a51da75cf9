# The folders below a source that a pattern of Cargo names, as in `crates/*`, `*/plugin-?`, `pkg-[ab]` or `tools/**`.
{ lib }:
src:
let
  subfolders =
    folder:
    lib.attrNames (
      lib.filterAttrs (_: type: type == "directory") (
        if builtins.pathExists (src + "/${folder}/.") then builtins.readDir (src + "/${folder}") else { }
      )
    );
  child = folder: name: if folder == "" then name else "${folder}/${name}";
  descendants =
    folder: [ folder ] ++ lib.concatMap (name: descendants (child folder name)) (subfolders folder);
  isPattern = part: builtins.match ".*[*?[].*" part != null;
  regex =
    lib.replaceStrings
      [
        "."
        "+"
        "("
        ")"
        "|"
        "^"
        "$"
        "{"
        "}"
        "*"
        "?"
        "[!"
      ]
      [
        "[.]"
        "[+]"
        "[(]"
        "[)]"
        "[|]"
        "\\^"
        "[$]"
        "[{]"
        "[}]"
        ".*"
        "."
        "[^"
      ];
  named =
    folder: part:
    if part == "**" then
      descendants folder
    else if isPattern part then
      map (child folder) (lib.filter (name: builtins.match (regex part) name != null) (subfolders folder))
    else
      [ (child folder part) ];
in
pattern:
lib.foldl' (folders: part: lib.concatMap (folder: named folder part) folders) [ "" ] (
  lib.splitString "/" pattern
)
