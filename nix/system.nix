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
  inherit (pkgs.stdenv.hostPlatform) isLinux;
  # Each Linux builds every Linux target; the native legs build the rest with plain cargo.
  linuxTriples = map (target: target.triple) (lib.filter (target: target.builder == "nix") table.all);
  toolchain = settings.toolchain {
    inherit fenix;
    triples = lib.optionals isLinux linuxTriples;
  };
  craneLib = (mkCrane pkgs).overrideToolchain toolchain;

  source = import ./source.nix { inherit lib; } settings.src;
  skeleton = import ./skeleton.nix { inherit lib craneLib project settings; } source;
  package = import ./package.nix {
    inherit
      lib
      pkgs
      craneLib
      source
      skeleton
      project
      settings
      ;
  };
  program = package { target = null; };

  pack = { inherit pkgs project toolchain packer settings; };
  release = import ./release.nix pack;
  releases = lib.listToAttrs (
    map (target: lib.nameValuePair target.name (release { inherit target; binaries = package { inherit target; }; })) (
      lib.optionals isLinux project.built
    )
  );
  platform = target: {
    architecture = lib.removePrefix "linux/" target.image;
    binaries = package { inherit target; };
  };
  image = import ./image.nix (pack // { inherit lib; }) (
    map platform (lib.filter (target: target.image != null) project.built)
  );
  hasImage = isLinux && project.hasImage;
  dist = import ./dist.nix { inherit lib pkgs project packer; } {
    releases = lib.attrValues releases;
    image = if hasImage then image else null;
  };
  app = program: {
    type = "app";
    program = lib.getExe program;
    meta.description = program.meta.description;
  };
in
{
  inherit toolchain;
  packages =
    lib.mapAttrs' (name: lib.nameValuePair "release-${name}") releases
    // lib.optionalAttrs hasImage { inherit image; }
    // lib.optionalAttrs isLinux { inherit dist; }
    // {
      ${project.name} = program;
      default = program;
    };
  apps = {
    default = app program;
    # The floe that packs, for whoever has none: `nix run .#floe -- plan`.
    floe = app packer;
    reproduce = app (import ./reproduce.nix { inherit pkgs project packer; });
  }
  // lib.optionalAttrs isLinux {
    publish = app (import ./publish.nix { inherit lib pkgs project packer settings toolchain dist; });
  };
  checks =
    import ./checks.nix { inherit lib pkgs craneLib source skeleton project settings; }
    // lib.optionalAttrs isLinux (
      import ./releaseChecks.nix { inherit lib pkgs project settings packer toolchain package releases dist; }
    )
    // settings.extraChecks { inherit pkgs; };
  devShells.default = import ./shell.nix { inherit craneLib pkgs settings isLinux; };
  formatter = pkgs.nixfmt-tree;
}
