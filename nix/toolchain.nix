# fenix's stable as flake.lock pins it, with the standard library of every target that is built here.
# No channel file is fetched and nothing is built to find out what it holds.
{ fenix, triples }:
let
  inherit (fenix) stable;
  inherit (stable.manifest.pkg.rustc.target.x86_64-unknown-linux-gnu) url;
in
fenix.combine (
  [
    stable.cargo
    stable.rustc
    stable.clippy
    stable.rustfmt
  ]
  ++ map (triple: fenix.targets.${triple}.stable.rust-std) triples
)
// {
  channel = builtins.head (builtins.match ".*/rustc-([0-9.]+)-x86_64.*" url);
}
