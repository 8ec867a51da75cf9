# The workspace's configuration of Cargo, each file after those that it includes: `path` in the source, and what it says.
{ lib, read }:
src:
let
  has = path: builtins.pathExists (src + "/${path}");
  from =
    path:
    let
      config = read (src + "/${path}");
      included = one: "${dirOf path}/${one.path or one}";
    in
    lib.concatMap from (lib.filter has (map included (config.include or [ ])))
    ++ [ { inherit path config; } ];
  files = lib.filter has [
    ".cargo/config"
    ".cargo/config.toml"
  ];
in
if files == [ ] then [ ] else from (lib.head files)
