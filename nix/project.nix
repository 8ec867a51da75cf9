# The released package as Cargo.toml and Cargo.lock describe it. Every mistake is named here, before anything
# is built; nothing is built to find it out. A test compares what is read here with what floe reads.
{ lib, table }:
{
  src,
  self,
  package,
  targets,
  features,
  defaultFeatures,
  rustflags,
  image,
  repo,
  tag,
  ...
}:
let
  read =
    path:
    builtins.addErrorContext "while reading `${toString path}`" (
      fromTOML (builtins.unsafeDiscardStringContext (builtins.readFile path))
    );
  at =
    name:
    if builtins.pathExists (src + "/${name}") then read (src + "/${name}") else throw (missing name);
  missing =
    name:
    "there is no `${name}` in `src`; "
    + (
      if name == "Cargo.lock" then
        "run `cargo generate-lockfile` and `git add Cargo.lock`: a flake sees only files that git knows"
      else
        "give the folder of the workspace's Cargo.toml as `src`"
    );

  root = at "Cargo.toml";
  lock = at "Cargo.lock";
  chosen = import ./chosen.nix { inherit lib read; } { inherit src root package; };
  inherit (chosen)
    name
    config
    binaries
    field
    ;
  version = field "version" "0.0.0";
  given = default: argument: if argument != null then argument else default;
  on = {
    features = given (config.features or [ ]) features;
    default = given (config.default-features or true) defaultFeatures;
  };
  released = config.binaries or binaries.built;
  tags = map (start: "${config.tag-prefix or ""}${start}${version}") [
    "v"
    ""
  ];
  profile = config.profile or "release";
  promised = table.select (
    given (config.targets or (map (target: target.name) table.default)) targets
  );
  built = lib.filter (target: target.builder == "nix") promised;
  flags = import ./rustflags.nix { inherit lib read; } { inherit src built rustflags; };
  named = import ./repository.nix { inherit lib; } (field "repository" "");
in
# Both are read before crane looks for them.
assert builtins.seq root (builtins.isAttrs lock);
assert
  tag == null
  || lib.elem tag tags
  || throw "the tag `${tag}` does not name version ${version} of `${name}`; release it as `${lib.head tags}`, or change `version` in Cargo.toml";
assert
  profile == "release"
  || root ? profile.${profile}
  || throw "there is no profile `${profile}`, which `[package.metadata.floe]` names; write `[profile.${profile}]` into the workspace's Cargo.toml";
assert
  released != [ ]
  || throw "`${name}` has no binary that is built with the features that are on; write `features = [ … ]` under [package.metadata.floe]";
assert lib.all (
  one:
  lib.elem one binaries.built
  || throw "`binaries` names `${one}`, which `${name}` does not have or builds only with a feature that is off: `features` under [package.metadata.floe]"
) released;
# floe reads the features from Cargo.toml alone, so that what is given here must build the same programs.
assert
  (chosen.binariesWith on.features on.default).built == binaries.built
  || throw "with `features` or `defaultFeatures` of mkRelease `${name}` has other programs than floe reads in Cargo.toml; write them under [package.metadata.floe] instead: `features = [ … ]`, `default-features = false`";
{
  inherit
    name
    version
    lock
    root
    released
    profile
    promised
    built
    ;
  inherit (chosen) folder folders documents;
  inherit (on) features;
  defaultFeatures = on.default;
  main = lib.head released;
  rustflags = flags.given;
  inherit (flags) flagsOf;
  description = field "description" name;
  hasSbom = config.sbom or true;
  hasImage = import ./hasImage.nix { inherit lib; } {
    inherit name built image;
    config = config.image or null;
  };
  repo =
    if repo != null then
      repo
    else if named != null then
      named
    else
      throw "no repository on GitHub is known for `${name}`; write `repository = \"https://github.com/owner/name\"` into Cargo.toml, or set `repo = \"owner/name\";`";
  commit = self.rev or null;
  # The time of the commit if there is one; 1980-01-01 is the earliest that a ZIP file can hold.
  epoch = if self ? rev then self.lastModified else 315532800;
}
