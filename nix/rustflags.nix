# The project's own flags for rustc. Those of .cargo/config.toml are mostly for who works on it (another linker,
# `target-cpu=native`) and are not carried into a release; a project that has some is told, until it says which it wants.
{ lib }:
{
  src,
  rustflags,
  rustflagsAreGiven,
  ...
}:
let
  path = src + "/.cargo/config.toml";
  text = builtins.unsafeDiscardStringContext (builtins.readFile path);
  config = if builtins.pathExists path then fromTOML text else { };
  tables = [ (config.build or { }) ] ++ lib.attrValues (config.target or { });
in
lib.warnIf (!rustflagsAreGiven && lib.any (table: table ? rustflags) tables)
  "Linux releases are built without the rustflags of `.cargo/config.toml`; repeat what they need: `rustflags = \"…\";`"
  rustflags
