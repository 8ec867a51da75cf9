# The options of one of the checks that `checks` of mkRelease asks for: `true` for the defaults, or a set.
{ lib }:
let
  read =
    {
      arguments ? null,
      nativeBuildInputs ? _: [ ],
      env ? { },
    }:
    {
      inherit arguments nativeBuildInputs env;
    };
  known = lib.attrNames (lib.functionArgs read);
  names = lib.concatStringsSep ", " known;
in
name: value:
let
  unknown = lib.attrNames (removeAttrs value known);
in
if value == true then
  read { }
else if !lib.isAttrs value then
  throw "`checks.${name}` of mkRelease is `true`, `false` or a set of ${names}"
else if unknown != [ ] then
  throw "`checks.${name}` of mkRelease has no `${lib.head unknown}`; it knows ${names}"
else
  read value
