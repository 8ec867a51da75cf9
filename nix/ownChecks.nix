# What floe's flake checks of itself, besides what mkRelease checks of every project.
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
