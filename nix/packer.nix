# The floe that packs. It is the released static binary that packer.json names, fetched by its hash, so that no project
# compiles floe. Where packer.json is `null`, as before floe's first release, floe is built from its source.
{
  lib,
  pkgs,
  fromSource,
  released ? lib.importJSON ./packer.json,
}:
choice:
let
  inherit (pkgs.stdenv.hostPlatform) system;
  triples = {
    x86_64-linux = "x86_64-unknown-linux-musl";
    aarch64-linux = "aarch64-unknown-linux-musl";
    x86_64-darwin = "x86_64-apple-darwin";
    aarch64-darwin = "aarch64-apple-darwin";
  };
  inherit (released.files.${triples.${system}}) file sha256;
  archive = pkgs.fetchurl {
    url = "${released.url}/${file}";
    inherit sha256;
  };
  fetched =
    pkgs.runCommand "floe-${released.version}"
      {
        passthru = { inherit archive; };
        meta = {
          mainProgram = "floe";
          description = "The released floe ${released.version}";
        };
      }
      ''
        tar -xzf ${archive}
        mkdir -p "$out/bin"
        install -m 755 floe-*/floe "$out/bin/floe"
        version=$("$out/bin/floe" --version)
        if [ "$version" != "floe ${released.version}" ]; then
          echo "error: ${file} holds \`$version\`, and nix/packer.json of floe names version ${released.version}" >&2
          exit 1
        fi
      '';
in
if choice != null && choice != "source" then
  throw "`packer` of mkRelease is \"source\", which builds floe from its source, or not given"
else if choice == "source" || released == null then
  fromSource
else if released.schema != 1 then
  throw "nix/packer.json of floe has schema ${toString released.schema}, and this floe reads schema 1"
else
  lib.warnIf (!(released.files ? ${triples.${system}}))
    "floe ${released.version} was released without a binary for ${system}, so it is built from its source"
    (if released.files ? ${triples.${system}} then fetched else fromSource)
