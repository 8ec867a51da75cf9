# The layouts of layouts.toml as nix/project.nix reads them, each in the folder of its number in `root`; null where it
# refuses one.
root:
let
  lib = import ./standins/nixpkgs/lib.nix;
  table = import ../../nix/targets.nix { inherit lib; };
  inherit (fromTOML (builtins.readFile ./layouts.toml)) layout;
  # Without what evaluation refuses.
  tried =
    value:
    let
      result = builtins.tryEval (builtins.deepSeq value value);
    in
    if result.success then result.value else null;
  linux = lib.filter (target: target.builder == "nix") table.all;
  of =
    index:
    let
      asked = lib.elemAt layout index;
      project = import ../../nix/project.nix { inherit lib table; } (
        import ../../nix/settings.nix (
          {
            src = root + "/${toString index}";
          }
          // lib.optionalAttrs (asked ? package) { inherit (asked) package; }
        )
      );
    in
    tried {
      inherit (project)
        name
        version
        folder
        documents
        ;
      binaries = project.released;
      repo = tried project.repo;
      flags = lib.filterAttrs (_: flags: flags != [ ]) (
        lib.listToAttrs (map (target: lib.nameValuePair target.name (project.flagsOf target)) linux)
      );
    };
in
builtins.genList of (lib.length layout)
