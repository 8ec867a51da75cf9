# The checks of the project itself that `checks` of mkRelease asks for. They are for its CI; no release waits for them.
{
  lib,
  pkgs,
  craneLib,
  source,
  skeleton,
  project,
  settings,
  tools,
}:
let
  options = import ./checkOptions.nix { inherit lib; };

  common = name: option: {
    pname = project.name;
    inherit (project) version;
    # All of it: tests may read what no compiler does, a workflow for example.
    src = lib.cleanSource settings.src;
    strictDeps = true;
    dontUseCmakeConfigure = true;
    cargoVendorDir = craneLib.vendorCargoDeps {
      src = source;
      inherit (settings) outputHashes;
    };
    buildInputs = settings.buildInputs pkgs;
    nativeBuildInputs =
      settings.nativeBuildInputs pkgs
      ++ option.nativeBuildInputs pkgs
      ++ (tools { isNative = true; }).programs;
    # Nix's own HOME is a folder that cannot be made.
    preConfigure = ''
      export HOME=$TMPDIR/home
      mkdir -p "$HOME"
    '';
    env =
      import ./cargoEnv.nix
      // {
        CARGO_PROFILE = "dev";
      }
      // lib.optionalAttrs (name == "tests") {
        # There is no network, but many TLS clients do not start without root certificates.
        SSL_CERT_FILE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
      }
      // lib.optionalAttrs (name == "docs") { RUSTDOCFLAGS = "-D warnings"; }
      // settings.env
      // option.env;
  };
  # Tests, lints and documentation share these; they are built as the tests want them, not as a release does.
  cargoArtifacts = craneLib.buildDepsOnly (
    removeAttrs (common "dependencies" (options "dependencies" true)) [ "src" ]
    // {
      version = "0";
      dummySrc = skeleton;
    }
  );
  given = option: default: if option.arguments == null then default else option.arguments;
  kinds = {
    clippy =
      option: common:
      craneLib.cargoClippy (
        common
        // {
          inherit cargoArtifacts;
          cargoClippyExtraArgs = given option "--all-targets -- -D warnings";
        }
      );
    # The licences, sources and bans of the project's own deny.toml.
    dependencies =
      option: common: craneLib.cargoDeny (common // { cargoDenyExtraArgs = given option ""; });
    docs =
      option: common:
      craneLib.cargoDoc (
        common
        // {
          inherit cargoArtifacts;
          cargoDocExtraArgs = given option "--no-deps";
        }
      );
    fmt =
      option: common:
      craneLib.cargoFmt (
        removeAttrs common [ "cargoVendorDir" ] // { rustFmtExtraArgs = given option ""; }
      );
    tests =
      option: common:
      craneLib.cargoTest (
        common
        // {
          inherit cargoArtifacts;
          cargoTestExtraArgs = given option "";
        }
      );
  };
  check =
    name: value:
    let
      kind =
        kinds.${name}
          or (throw "`checks` of mkRelease has no `${name}`; it knows ${lib.concatStringsSep ", " (lib.attrNames kinds)}");
      option = options name value;
    in
    kind option (common name option);
in
lib.mapAttrs check (lib.filterAttrs (_: value: value != false) settings.checks)
