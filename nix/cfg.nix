# Whether a table `[target.…]` of Cargo's configuration holds for a target: its triple, or `cfg(…)`.
{ lib }:
target: name:
let
  environment = lib.last (lib.splitString "-" target.triple);
  facts = {
    target_arch = [ target.arch ];
    target_os = [ target.os ];
    target_env = [ (lib.removeSuffix "eabihf" environment) ];
    target_abi = lib.optional (lib.hasSuffix "eabihf" environment) "eabihf";
    target_family = [ "unix" ];
    target_endian = [ "little" ];
    target_pointer_width = [ (if target.arch == "arm" then "32" else "64") ];
    target_vendor = [ "unknown" ];
    target_has_atomic = [
      "8"
      "16"
      "32"
      "64"
      "ptr"
    ];
  };
  flags = [
    "unix"
    "true"
  ];
  tokens = lib.concatMap (part: if builtins.isList part then part else [ ]) (
    builtins.split "([(),=]|\"[^\"]*\"|[A-Za-z0-9_]+)" name
  );
  at = position: if position < lib.length tokens then lib.elemAt tokens position else null;
  # The predicate at a position: whether it holds, and where the next one begins.
  predicate =
    position:
    if at (position + 1) == "(" then
      let
        inner = list (position + 2);
      in
      {
        holds =
          {
            all = lib.all (one: one) inner.hold;
            cfg = lib.all (one: one) inner.hold;
            any = lib.any (one: one) inner.hold;
            not = !(lib.head inner.hold);
          }
          .${at position};
        inherit (inner) next;
      }
    else if at (position + 1) == "=" then
      {
        holds = lib.elem (lib.replaceStrings [ "\"" ] [ "" ] (at (position + 2))) (
          facts.${at position} or [ ]
        );
        next = position + 3;
      }
    else
      {
        holds = lib.elem (at position) flags;
        next = position + 1;
      };
  list =
    position:
    if at position == "," then
      list (position + 1)
    else if at position == ")" || at position == null then
      {
        hold = [ ];
        next = position + 1;
      }
    else
      let
        one = predicate position;
        rest = list one.next;
      in
      {
        hold = [ one.holds ] ++ rest.hold;
        inherit (rest) next;
      };
in
if lib.hasPrefix "cfg(" name then (predicate 0).holds else name == target.triple
