# The project's own flags for rustc. Those of .cargo/config.toml are mostly for people who work on it (another linker,
# `target-cpu=native`) and are not carried into a release. A project that has some for a target that is built gets a
# warning until it says which flags it wants.
{ lib, read }:
{
  src,
  built,
  rustflags,
}:
let
  all = map (one: one.config) (import ./cargoConfig.nix { inherit lib read; } src);
  cfg = import ./cfg.nix { inherit lib; };
  words =
    flags:
    if lib.isString flags then lib.filter (flag: flag != "") (lib.splitString " " flags) else flags;
  of = table: words (table.rustflags or [ ]);
  # Those of `[build]` count only where no table of the target has any.
  flagsOf =
    target:
    let
      tables = lib.foldl' (known: config: known // config.target or { }) { } all;
      holds = lib.filter (name: name != target.triple && cfg target name) (lib.attrNames tables);
      flags = name: lib.concatMap (config: of (config.target.${name} or { })) all;
      own = lib.concatMap flags ([ target.triple ] ++ holds);
    in
    if own != [ ] then own else lib.concatMap (config: of (config.build or { })) all;
  lost = lib.filter (target: flagsOf target != [ ]) built;
in
{
  inherit flagsOf;
  given =
    if rustflags != null then
      rustflags
    else
      lib.warnIf (lost != [ ])
        "releases for ${
          lib.concatMapStringsSep ", " (target: target.name) lost
        } are built without the rustflags of `.cargo/config.toml`; repeat what they need: `rustflags = \"…\";`"
        "";
}
