# A stand-in: fenix's stable toolchain, by the names floe asks for.
{
  inputs.nixpkgs.url = "nixpkgs";
  inputs.rust-analyzer-src.url = "rust-analyzer-src";
  outputs =
    { nixpkgs, ... }:
    {
      packages = builtins.mapAttrs (_: pkgs: {
        combine = parts: pkgs.make "toolchain" { inherit parts; };
        stable = nixpkgs.lib.genAttrs [ "cargo" "rustc" "clippy" "rustfmt" ] (name: pkgs.make name { }) // {
          manifest.pkg.rustc.target.x86_64-unknown-linux-gnu.url =
            "https://example.org/dist/2026-01-01/rustc-1.97.1-x86_64-unknown-linux-gnu.tar.xz";
        };
        targets =
          nixpkgs.lib.genAttrs
            [
              "x86_64-unknown-linux-gnu"
              "x86_64-unknown-linux-musl"
              "aarch64-unknown-linux-gnu"
              "aarch64-unknown-linux-musl"
              "armv7-unknown-linux-gnueabihf"
              "armv7-unknown-linux-musleabihf"
              "riscv64gc-unknown-linux-gnu"
              "riscv64gc-unknown-linux-musl"
            ]
            (triple: {
              stable.rust-std = pkgs.make triple { };
            });
      }) nixpkgs.legacyPackages;
    };
}
