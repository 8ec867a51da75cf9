# Checks of floe itself, besides those that mkRelease makes of every project.
{ self, mkRelease }:
{ pkgs }:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;
  # Two versions of one workspace, test data.
  sample = name: { outPath = "${self}/tests/nix/bump/${name}"; };
  release = src: (mkRelease { inherit src; }).packages.${system};
  # Of each package, the derivation that builds its dependencies. Evaluated here, but no part of the check.
  dependencies =
    packages:
    lib.mapAttrs (
      _: one: builtins.unsafeDiscardStringContext (one.binaries or one).dependencies.drvPath
    ) (lib.filterAttrs (_: one: (one.binaries or one) ? dependencies) packages);
  before = dependencies (release (sample "before"));
  after = dependencies (release (sample "after"));
  releases = lib.attrValues (lib.filterAttrs (_: one: one ? binaries) self.packages.${system});
  project =
    ((import ./template/flake.nix).outputs {
      self = sample "before";
      floe = self;
    }).packages.${system};
  passed =
    name: holds: why:
    if holds then pkgs.runCommand "floe-${name}" { } "touch $out" else throw why;
in
{
  # Changing the version alone leaves what is compiled of the dependencies valid.
  bump = passed "bump" (before != { } && before == after) "another version gives other dependencies";
  template = passed "template" (lib.isString project.default.drvPath) "the template has no program";
  nix =
    pkgs.runCommand "floe-nix"
      {
        nativeBuildInputs = [
          pkgs.deadnix
          pkgs.nixfmt
          pkgs.shellcheck
        ];
      }
      ''
        deadnix --fail ${self}/flake.nix ${self}/nix
        find ${self}/flake.nix ${self}/nix ${self}/tests/nix -name '*.nix' -exec nixfmt --check {} +
        shellcheck ${self}/nix/*.sh
        bash ${./lint.sh} ${self}/flake.nix ${self}/nix ${self}/tests/nix
        touch "$out"
      '';
}
# One small binary to download. `.ci/run` has no time for link-time optimisation, so this is where the limit is enforced.
// lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
  # The floe that packs other projects knows the commands that nix/ calls.
  packer =
    (mkRelease {
      src = sample "before";
      targets = [ "x86_64-musl" ];
    }).packages.${system}.gate;
  # `nix run .#publish` downloads no compiler, no linker, and no dependency of theirs.
  publish =
    pkgs.runCommand "floe-publish"
      {
        disallowedRequisites = lib.concatMap (release: release.binaries.nativeBuildInputs) releases;
      }
      ''
        printf '%s\n' ${self.apps.${system}.publish.program} >"$out"
      '';
  size = pkgs.runCommand "floe-size" { } (
    lib.concatMapStrings (release: ''
      bytes=$(stat --format=%s ${release.binaries}/bin/floe)
      echo "floe for ${release.target.name} has $bytes bytes; the limit is 10000000"
      ((bytes < 10000000))
    '') releases
    + ''
      touch "$out"
    ''
  );
}
