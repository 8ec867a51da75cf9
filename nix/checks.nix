# Checks of every system: the project's own lints, formatting, tests, documentation and dependencies.
{
  lib,
  pkgs,
  craneLib,
  source,
  skeleton,
  project,
  settings,
}:
let
  common = {
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
      ++ import ./tools.nix {
        inherit pkgs;
        inherit (project) lock;
      };
    env = {
      CARGO_PROFILE = "dev";
      CARGO_CACHE_RUSTC_INFO = "0";
    }
    // settings.env;
  };
  # Tests and lints share these; they are built as the tests want them, not as a release does.
  cargoArtifacts = craneLib.buildDepsOnly (
    removeAttrs common [ "src" ]
    // {
      version = "0";
      dummySrc = skeleton;
    }
  );
in
{
  clippy = craneLib.cargoClippy (
    common
    // {
      inherit cargoArtifacts;
      cargoClippyExtraArgs = "--all-targets -- -D warnings";
    }
  );
  fmt = craneLib.cargoFmt (removeAttrs common [ "cargoVendorDir" ]);
  tests = craneLib.cargoTest (
    common
    // {
      inherit cargoArtifacts;
      # There is no network, but many TLS clients do not start without root certificates.
      env = common.env // {
        SSL_CERT_FILE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
      };
    }
  );
  docs = craneLib.cargoDoc (
    common
    // {
      inherit cargoArtifacts;
      env = common.env // {
        RUSTDOCFLAGS = "-D warnings";
      };
    }
  );
}
# The rules for dependencies are in the project's own deny.toml.
// lib.optionalAttrs (builtins.pathExists (settings.src + "/deny.toml")) {
  dependencies = craneLib.cargoDeny common;
}
