# A stand-in: crane's functions as far as floe calls them. Manifests are read and filtered as crane does it.
{
  outputs =
    { self }:
    {
      mkLib =
        { make, lib, ... }:
        let
          go = suffix: arguments: make "${arguments.pname or "x"}-${suffix}" arguments;
          needs = suffix: arguments@{ cargoArtifacts, cargoVendorDir, ... }: go suffix arguments;
          find =
            keep: folder:
            lib.concatMap (
              name:
              let
                path = "${folder}/${name}";
                type = (builtins.readDir folder).${name};
              in
              lib.optionals (keep path type) (
                if name == "Cargo.toml" then [ path ] else lib.optionals (type == "directory") (find keep path)
              )
            ) (lib.attrNames (builtins.readDir folder));
          findCargoFiles = src: { cargoTomls = find src.filter src.origSrc; };
          clean =
            keep: path: value:
            if builtins.isAttrs value then
              lib.mapAttrs (name: clean keep (path ++ [ name ])) (
                lib.filterAttrs (name: _: keep (path ++ [ name ])) value
              )
            else
              value;
        in
        {
          overrideToolchain =
            toolchain:
            (self.mkLib {
              inherit lib;
              make = name: arguments: make name (arguments // { inherit toolchain; });
            });
          inherit findCargoFiles;
          filters.cargoTomlDefault = _: true;
          writeTOML = name: value: make name { inherit value; };
          mkDummySrc =
            {
              src,
              cargoLock,
              cleanCargoTomlFilter,
              extraDummyScript,
            }:
            make "source" {
              inherit cargoLock extraDummyScript;
              manifests = map (
                path:
                clean cleanCargoTomlFilter [ ] (
                  fromTOML (builtins.unsafeDiscardStringContext (builtins.readFile path))
                )
              ) (findCargoFiles src).cargoTomls;
            };
          vendorCargoDeps =
            { src, outputHashes }:
            make "vendor" {
              lock =
                builtins.filter (entry: entry ? source)
                  (fromTOML (builtins.readFile "${src.origSrc}/Cargo.lock")).package;
            };
          buildDepsOnly =
            arguments@{
              dummySrc,
              cargoVendorDir,
              version,
              ...
            }:
            go "deps" arguments;
          buildPackage = needs "bin";
          cargoClippy = needs "clippy";
          cargoTest = needs "test";
          cargoDoc = needs "doc";
          cargoDeny = go "deny";
          cargoFmt = go "fmt";
          devShell = { packages }: make "shell" { inherit packages; };
        };
    };
}
