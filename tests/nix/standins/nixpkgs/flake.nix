# A stand-in: names that floe uses of nixpkgs, each a derivation that nobody builds.
{
  outputs =
    { self }:
    let
      lib = import ./lib.nix;
      set =
        system:
        let
          make =
            name: arguments:
            derivation (
              {
                inherit name system;
                builder = "/bin/sh";
              }
              // builtins.mapAttrs (_: builtins.toJSON) (
                builtins.removeAttrs arguments [
                  "meta"
                  "name"
                  "passthru"
                ]
              )
            )
            // (arguments.passthru or { })
            // {
              nativeBuildInputs = arguments.nativeBuildInputs or [ ];
              meta = {
                mainProgram = name;
                description = "";
              }
              // (arguments.meta or { });
            };
          names = [
            "autoconf"
            "automake"
            "cacert"
            "capnproto"
            "cargo-auditable"
            "cmake"
            "deadnix"
            "flatbuffers"
            "gitMinimal"
            "gnused"
            "jq"
            "libtool"
            "nasm"
            "nixfmt"
            "nixfmt-tree"
            "perl"
            "protobuf"
            "python3"
            "shellcheck"
            "skopeo"
          ];
        in
        lib.genAttrs names (name: make name { })
        // {
          inherit lib make;
          stdenv.hostPlatform = {
            inherit system;
            isLinux = lib.hasSuffix "linux" system;
          };
          cargo-zigbuild = make "cargo-zigbuild" { } // {
            version = "0.23.0";
          };
          zig = make "zig" { } // {
            version = "0.16.0";
          };
          rustPlatform.bindgenHook = make "bindgen-hook" { };
          llvmPackages.libclang.lib = make "libclang" { };
          inherit (import ./built.nix system) fetchurl runCommand;
          writeShellApplication =
            arguments@{
              name,
              text,
              runtimeInputs,
              runtimeEnv,
              meta,
            }:
            make name arguments;
          dockerTools.buildLayeredImage =
            arguments@{
              name,
              tag,
              architecture,
              includeStorePaths,
              compressor,
              extraCommands,
              config,
            }:
            make name arguments;
        };
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ] set;
    };
}
