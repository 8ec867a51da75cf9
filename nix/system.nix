# One system's outputs: what can be built there, wired together.
{
  lib,
  table,
  project,
  settings,
  pkgs,
  fenix,
  mkCrane,
  packer,
}:
let
  # As callPackage does it: each function is given what it asks for by name.
  call =
    path:
    let
      function = import path;
    in
    function (builtins.intersectAttrs (builtins.functionArgs function) scope);
  scope = {
    inherit
      lib
      pkgs
      table
      project
      settings
      packer
      ;
    inherit
      isLinux
      toolchain
      tools
      linker
      craneLib
      cargo
      origin
      source
      skeleton
      package
      releases
      trees
      dist
      ;
  };

  inherit (pkgs.stdenv.hostPlatform) isLinux;
  # Each Linux builds every Linux target; the native legs build the rest with plain cargo.
  toolchain = settings.toolchain {
    inherit fenix;
    triples = lib.optionals isLinux (table.builtTriples project.promised);
  };
  craneLib = (mkCrane pkgs).overrideToolchain toolchain;

  tools = call ./tools.nix;
  linker = call ./linker.nix;
  source = call ./source.nix;
  skeleton = call ./skeleton.nix source;
  package = call ./package.nix;
  program = package { target = null; };

  cargo = call ./cargo.nix;
  origin = call ./origin.nix;
  trees = call ./trees.nix;
  release =
    target:
    call ./release.nix {
      inherit target;
      binaries = package { inherit target; };
    };
  releases = lib.listToAttrs (
    map (target: lib.nameValuePair target.name (release target)) (lib.optionals isLinux project.built)
  );
  platform = target: {
    # `linux/arm/v7` is `arm` for dockerTools; `floe image` adds the variant.
    architecture = lib.elemAt (lib.splitString "/" target.image) 1;
    binaries = package { inherit target; };
  };
  image = call ./image.nix (map platform (lib.filter (target: target.image != null) project.built));
  hasImage = isLinux && project.hasImage;
  dist = call ./dist.nix {
    releases = lib.attrValues releases;
    image = if hasImage then image else null;
  };
  releaseChecks = lib.optionalAttrs isLinux (call ./releaseChecks.nix);
  gate = call ./gate.nix (lib.attrValues releaseChecks);
  app = program: {
    type = "app";
    program = lib.getExe program;
    meta.description = program.meta.description;
  };
in
{
  inherit toolchain packer;
  static = call ./static.nix;
  packages =
    lib.mapAttrs' (name: lib.nameValuePair "release-${name}") releases
    // lib.optionalAttrs hasImage {
      inherit image;
      release-image = call ./releaseImage.nix image;
    }
    // lib.optionalAttrs isLinux { inherit dist gate; }
    // {
      ${project.name} = program;
      default = program;
    };
  apps = {
    default = app program;
    floe = app (call ./floe.nix);
    reproduce = app (call ./reproduce.nix);
  }
  // lib.optionalAttrs isLinux {
    publish = app (call ./publish.nix);
  };
  checks = call ./checks.nix // releaseChecks // settings.extraChecks { inherit pkgs; };
  devShells.default = call ./shell.nix;
  formatter = pkgs.nixfmt-tree;
}
