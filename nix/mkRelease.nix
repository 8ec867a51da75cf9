# Everything a Rust program needs to be released, as the outputs of its flake:
#
#     outputs = { self, floe, ... }: floe.lib.mkRelease { src = self; };
#
# gives packages.<system>.{release-<target>, image, dist, gate, <name>, default}, apps.<system>.{publish, reproduce, floe,
# default}, checks, devShells, formatter, and legacyPackages.<system>.matrix. On Linux that is all of them; on macOS the
# program, its checks and the shell. `gate` checks the promises of a release: portable binaries, an image that equals the
# archives, the same bytes from a second build, and a rehearsal.
# Programs are built with Cargo's profile `release`, or with the one that `profile` in [package.metadata.floe] names.
#
#   src                the source. `self` brings its commit with it, `./.` does not
#   self               where commit, time and the folder of `src` are read, if `src` does not bring them [src]
#   package            the Cargo package that is released [the root's, else the only default member or member with a
#                      binary]
#   targets            short names of what the release promises [`targets` in [package.metadata.floe], else all]
#   features           Cargo features [`features` in [package.metadata.floe], which must build the same binaries]
#   defaultFeatures    whether Cargo's default features are enabled [`default-features` there, else true]
#   nativeBuildInputs  pkgs: programs that builds call [none]; those of well-known crates are there anyway (tools.nix)
#   buildInputs        pkgs: libraries of the native build, the checks and the shell [none]. Linux releases cannot use
#                      them: their C code is compiled in, from the crates (features `vendored`, `bundled`)
#   env                variables of every build, such as { SQLX_OFFLINE = "true"; } [none]
#   rustflags          flags for rustc in releases; those of .cargo/config.toml do not reach them [none, and a
#                      warning if there are some for a target that is built]
#   auditable          whether releases are built by `cargo auditable`, which embeds the list of their crates; the native legs are
#                      not [false]
#   outputHashes       hashes of git dependencies, as crane wants them, so that evaluation fetches nothing [none]
#   toolchain          { fenix, triples }: a toolchain with rust-std for each triple; `// { channel = "1.91.0"; }` is
#                      what `matrix` gives to the native legs [fenix's stable, toolchain.nix]
#   image              whether there is an image [unless [package.metadata.floe] has `image = false`]
#   imageConfig        dockerTools' `config` of each platform: Env, Cmd, WorkingDir … [the program alone]
#   imageFiles         { "etc/tool.toml" = ./tool.toml; }: more files of the image [CA certificates]
#   repo               "owner/name" on GitHub [`repository` in Cargo.toml]
#   tag                evaluation fails if it is not `tag-prefix`, `v` and the version of Cargo.toml [none]
#   packer             "source" builds the floe that packs; else the released one is fetched, if there is one (packer.nix)
#   checks             the project's own checks that `nix flake check` makes, of { clippy, dependencies, docs, fmt, tests }:
#                      `true`, or { arguments = "…"; nativeBuildInputs = pkgs: [ … ]; env = { … }; } [none]
#   extraChecks        { pkgs }: more checks [none]
{
  nixpkgs,
  crane,
  fenix,
  floe,
}:
settings:
let
  inherit (nixpkgs) lib;
  names = lib.attrNames (lib.functionArgs (import ./settings.nix));
  unknown = lib.attrNames (removeAttrs settings names);
  given =
    if unknown == [ ] then
      import ./settings.nix settings
    else
      throw "mkRelease has no argument `${lib.head unknown}`; it knows ${lib.concatStringsSep ", " names}";

  table = import ./targets.nix { inherit lib; };
  project = import ./submodules.nix { inherit lib; } given.src (
    import ./project.nix { inherit lib table; } given
  );
  outputs = lib.genAttrs (import ./systems.nix) (
    system:
    let
      pkgs = nixpkgs.legacyPackages.${system};
    in
    import ./system.nix {
      inherit lib table project;
      settings = given;
      inherit pkgs;
      fenix = fenix.packages.${system};
      mkCrane = crane.mkLib;
      packer = import ./packer.nix {
        inherit lib pkgs;
        fromSource = floe.legacyPackages.${system}.static;
      } given.packer;
    }
  );
  matrix = import ./matrix.nix {
    inherit
      lib
      table
      project
      floe
      ;
    settings = given;
    inherit (outputs.x86_64-linux) toolchain;
    fenix = fenix.packages.x86_64-linux;
  };
  each = name: lib.mapAttrs (_: one: one.${name}) outputs;
in
{
  packages = each "packages";
  apps = each "apps";
  checks = each "checks";
  devShells = each "devShells";
  formatter = each "formatter";
  # `nix flake check` knows no output `matrix`; here `nix eval .#matrix` finds it on every system. `packer` is the floe that
  # packs, and `static` the program for this system without libraries.
  legacyPackages = lib.mapAttrs (_: one: {
    inherit matrix;
    inherit (one) packer static;
  }) outputs;
}
