# What Cargo.toml and Cargo.lock say about the package that is released. Every mistake is named here, before anything
# is built; nothing is built to find it out.
{ lib, table }:
{
  src,
  self,
  package,
  targets,
  image,
  repo,
  tag,
  ...
}:
let
  read = path: fromTOML (builtins.unsafeDiscardStringContext (builtins.readFile path));
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
  members = import ./members.nix { inherit lib read; } { inherit src root; };
  names = lib.concatMapStringsSep ", " (member: member.manifest.package.name) members;
  called = name: lib.findFirst (member: member.manifest.package.name == name) null members;
  programs = lib.filter (member: member.isProgram) members;
  chosen =
    if package != null then
      if called package == null then
        throw "there is no package `${package}` in `src`; it has ${names}"
      else
        called package
    else if root ? package then
      called root.package.name
    else if lib.length programs == 1 then
      lib.head programs
    else
      throw "`src` has several packages, ${names}; say which one is released: `package = \"…\";`";

  inherit (chosen.manifest.package) name;
  # Cargo lets a member take these from the workspace.
  field =
    key: default:
    let
      own = chosen.manifest.package.${key} or default;
    in
    if own.workspace or false then root.workspace.package.${key} else own;
  version = field "version" "0.0.0";
  config = chosen.manifest.package.metadata.floe or { };
  # As floe orders them: what the configuration names first, `default-run`, the one that is called like the package.
  binaries = map (binary: binary.name) (chosen.manifest.bin or [ ]);
  only = if lib.length binaries == 1 && !(lib.elem name binaries) then lib.head binaries else name;
  main = lib.head (config.binaries or [ (chosen.manifest.package.default-run or only) ]);
  fromUrl = builtins.match "https://github.com/([^/]+)/([^/]+)" (
    lib.removeSuffix ".git" (field "repository" "")
  );
  profile = config.profile or "release";
  promised = table.select (
    if targets != null then targets else config.targets or (map (target: target.name) table.all)
  );
in
assert
  tag == null
  || tag == "v${version}"
  || tag == version
  || throw "the tag `${tag}` does not name the version of `${name}`, which is ${version}; change `version` in Cargo.toml";
assert
  profile == "release"
  || root ? profile.${profile}
  || throw "there is no profile `${profile}`, which `[package.metadata.floe]` names; write `[profile.${profile}]` into the workspace's Cargo.toml";
# Both are read before crane looks for them.
assert builtins.seq root (builtins.isAttrs lock);
{
  inherit
    name
    version
    lock
    root
    main
    profile
    promised
    ;
  inherit (chosen) folder;
  description = field "description" name;
  # What is packed of what Cargo builds.
  released = config.binaries or [ "*" ];
  built = lib.filter (target: target.builder == "nix") promised;
  hasImage = if image != null then image else config.image or { } != false;
  repo =
    if repo != null then
      repo
    else if fromUrl != null then
      lib.concatStringsSep "/" fromUrl
    else
      throw "nothing says which repository `${name}` belongs to; write `repository` into Cargo.toml, or set `repo = \"owner/name\";`";
  commit = self.rev or null;
  # Only where there is a commit is it its time; 1980-01-01 is the earliest that a ZIP file can hold.
  epoch = if self ? rev then self.lastModified else 315532800;
}
