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
              meta = {
                mainProgram = name;
                description = "";
              }
              // (arguments.meta or { });
            };
          names = [
            "cacert"
            "cargo-zigbuild"
            "cmake"
            "deadnix"
            "jq"
            "nixfmt"
            "nixfmt-tree"
            "perl"
            "protobuf"
            "shellcheck"
            "skopeo"
            "zig"
          ];
        in
        lib.genAttrs names (name: make name { })
        // {
          inherit lib make;
          stdenv.hostPlatform = {
            inherit system;
            isLinux = lib.hasSuffix "linux" system;
          };
          runCommand =
            name: arguments: text:
            make name (arguments // { inherit text; });
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
