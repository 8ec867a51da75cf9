# The package that is released, chosen as floe chooses it, with its fields and its binaries.
{ lib, read }:
{
  src,
  root,
  package,
}:
let
  members = import ./members.nix { inherit lib read; } { inherit src root; };
  named = lib.concatMapStringsSep ", " (member: member.manifest.package.name);
  # Cargo lets a member take these from the workspace.
  fieldOf =
    member: key: default:
    let
      own = member.manifest.package.${key} or default;
    in
    if own.workspace or false then root.workspace.package.${key} else own;
  configOf = member: member.manifest.package.metadata.floe or { };
  binariesOf =
    member: features: defaultFeatures:
    import ./binaries.nix { inherit lib; } {
      inherit (member) manifest;
      inherit features defaultFeatures;
      folder = src + "/${member.folder}";
      edition = fieldOf member "edition" "2015";
    };
  # With the features that its table in Cargo.toml says.
  usual =
    member:
    let
      config = configOf member;
    in
    binariesOf member (config.features or [ ]) (config.default-features or true);
  programs = lib.filter (member: (usual member).built != [ ]);

  all = programs members.all;
  own = lib.filter (member: member.folder == ".") all;
  # The only one in one of these lists.
  only = lib.filter (list: lib.length list == 1) [
    (programs members.default)
    all
  ];
  asked = lib.findFirst (
    member: member.manifest.package.name == package
  ) (throw "there is no package `${package}` in `src`; it has ${named members.all}") members.all;
  chosen =
    if package != null then
      asked
    else if own != [ ] then
      lib.head own
    else if only != [ ] then
      lib.head (lib.head only)
    else if all == [ ] then
      throw "no package of `src` has a binary that the features in its `[package.metadata.floe]` build; there are ${named members.all}"
    else
      throw "`src` has several packages with a binary, ${named all}; choose the one to release: `package = \"…\";`";
in
assert
  !(root ? workspace.metadata.floe)
  || throw "`[workspace.metadata.floe]` is not read; move its keys to `[package.metadata.floe]` of each package that is released";
{
  inherit (chosen) folder;
  inherit (members) folders;
  inherit (chosen.manifest.package) name;
  field = fieldOf chosen;
  config = configOf chosen;
  # Each document that a build script makes, and its path in the archives behind it.
  documents = lib.concatMap (
    one:
    lib.optionals (lib.isAttrs one && one ? built) [
      one.built
      one.to
    ]
  ) ((configOf chosen).include or [ ]);
  binaries = usual chosen;
  binariesWith = binariesOf chosen;
}
