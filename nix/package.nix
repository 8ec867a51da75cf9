# The binaries of one target, or with `target = null` of the machine at hand: first the dependencies, which stay valid
# as long as Cargo.lock does, then the project. Linux targets are linked by zig, so that one machine builds them all.
{
  lib,
  pkgs,
  craneLib,
  source,
  skeleton,
  project,
  settings,
  tools,
  linker,
}:
{
  target,
  # Builds in another folder; a check compares the bytes.
  folder ? null,
}:
let
  isNative = target == null;
  needed = tools { inherit isNative; };
  # rustc asks for a static-pie, in words that zig does not know; without this musl binaries lie at a fixed address.
  pie = lib.optionalString (!isNative && target.contract.static or false) "-C link-arg=-pie";

  # As Cargo spells a profile in the environment.
  variable = name: lib.toUpper (builtins.replaceStrings [ "-" ] [ "_" ] name);
  cargo = import ./cargoCommand.nix {
    inherit
      lib
      project
      settings
      target
      ;
  };
  common = {
    pname = project.name;
    cargoVendorDir = craneLib.vendorCargoDeps {
      src = source;
      inherit (settings) outputHashes;
    };
    strictDeps = true;
    doCheck = false;
    doIncludeCrossToolchainEnv = false;
    # cmake is there for build scripts; the project itself has nothing to configure.
    dontUseCmakeConfigure = true;
    cargoBuildCommand = cargo.command;
    cargoExtraArgs = cargo.flags;
    # The libraries of nixpkgs ask for its glibc, so that no release can use them.
    buildInputs = lib.optionals isNative (settings.buildInputs pkgs);
    nativeBuildInputs =
      settings.nativeBuildInputs pkgs
      ++ needed.programs
      ++ lib.optionals (!isNative) linker
      ++ lib.optional (!isNative && settings.auditable) pkgs.cargo-auditable;
    # Nix's own HOME is a folder that cannot be made.
    preConfigure = ''
      export HOME=$TMPDIR/home
      mkdir -p "$HOME"
    ''
    + lib.optionalString (!isNative) (builtins.readFile ./zig.sh);
    postUnpack = lib.optionalString (folder != null) ''
      mkdir -p "$NIX_BUILD_TOP/${folder}"
      mv "$sourceRoot" "$NIX_BUILD_TOP/${folder}/"
      sourceRoot=${folder}/$(basename "$sourceRoot")
    '';
    env =
      import ./cargoEnv.nix
      // {
        CARGO_PROFILE = project.profile;
        "CARGO_PROFILE_${variable project.profile}_STRIP" = "true";
        FLOE_RUSTFLAGS = "${pie} ${project.rustflags}";
      }
      // needed.env
      // settings.env;
    # The profile strips; anything done later could bring paths of the store back.
    dontFixup = !isNative;
    failureHook = lib.optionalString (!isNative) ''
      bash ${./failed.sh} ${project.name} ${target.name} >&2
    '';
  };
  documents = builtins.toFile "documents.sh" (import ./documents.nix { inherit lib project; });
  dependencies = craneLib.buildDepsOnly (
    common
    // {
      version = "0";
      dummySrc = skeleton;
      # `cargo check` as well would compile every dependency once more.
      buildPhaseCargoCommand = "${cargo.command} ${cargo.flags}";
    }
  );
in
craneLib.buildPackage (
  common
  // {
    src = source;
    inherit (project) version;
    cargoArtifacts = dependencies;
    passthru = { inherit dependencies; };
    # Cargo builds every binary of the package; `binaries` in [package.metadata.floe] may name fewer.
    postInstall =
      lib.optionalString (!isNative) ''
        bash ${documents} "$out/documents"
      ''
      + ''
        for program in "$out"/bin/*; do
          case " ${toString project.released} " in
          *" $(basename "$program") "*) ;;
          *) rm "$program" ;;
          esac
        done
      '';
    meta = {
      mainProgram = project.main;
      inherit (project) description;
    };
  }
  // lib.optionalAttrs (!isNative) { allowedReferences = [ ]; }
)
