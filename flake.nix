{
  description = "floe turns a git tag into a release: the same bytes from any machine, checked before anyone sees them";

  inputs = {
    # The last branch of nixpkgs that knows x86_64-darwin.
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    crane.url = "github:ipetkov/crane";
    fenix = {
      url = "github:nix-community/fenix";
      inputs.nixpkgs.follows = "nixpkgs";
      # Its nightly rust-analyzer alone is built from that source, and is not needed here.
      inputs.rust-analyzer-src.follows = "";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      crane,
      fenix,
    }:
    let
      mkRelease = import ./nix/mkRelease.nix {
        inherit nixpkgs crane fenix;
        floe = self;
      };
    in
    # floe is released by what it gives to others.
    mkRelease {
      src = self;
      # floe packs itself.
      packer = "source";
      checks = {
        clippy = true;
        dependencies = true;
        docs = true;
        fmt = true;
        tests = true;
      };
      extraChecks = import ./nix/ownChecks.nix { inherit self mkRelease; };
    }
    // {
      lib = { inherit mkRelease; };
      templates.default = {
        path = ./nix/template;
        description = "A Rust program that is released by floe";
      };
    };
}
