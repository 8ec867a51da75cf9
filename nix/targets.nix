# The table of targets.json, and how a list of short names is looked up in it.
{ lib }:
let
  inherit (lib.importJSON ../crates/floe-core/targets.json) targets;
  byName = lib.listToAttrs (map (target: lib.nameValuePair target.name target) targets);
  known = lib.concatMapStringsSep ", " (target: target.name) targets;
  find = name: byName.${name} or (throw "there is no target `${name}`; floe knows ${known}");
in
{
  all = targets;
  # In the order of the table, each once.
  select = names: lib.filter (target: lib.elem target (map find names)) targets;
}
