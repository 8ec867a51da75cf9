# The table of targets.json, and how a list of short names is looked up in it.
{ lib }:
let
  inherit (lib.importJSON ../crates/floe-core/targets.json) targets;
  byName = lib.listToAttrs (map (target: lib.nameValuePair target.name target) targets);
  known = lib.concatMapStringsSep ", " (target: target.name) targets;
  find = name: byName.${name} or (throw "there is no target `${name}`; floe knows ${known}");
  # Those of a project that lists none.
  default = lib.filter (target: !(target.optional or false)) targets;
in
{
  all = targets;
  inherit default;
  # The targets that the toolchain of a project can build, whichever of the default ones it lists.
  builtTriples =
    promised:
    map (target: target.triple) (
      lib.filter (target: target.builder == "nix") (lib.unique (default ++ promised))
    );
  # In the order of the table, each once.
  select = names: lib.filter (target: lib.elem target (map find names)) targets;
}
