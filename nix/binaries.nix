# The binaries of a package as Cargo finds them, the main one first: those that are built with the features that are on,
# and those that are not.
{ lib }:
{
  folder,
  manifest,
  edition,
  features,
  defaultFeatures,
}:
let
  inherit (manifest.package) name;
  has = path: builtins.pathExists (folder + "/${path}");
  entries = if has "src/bin" then builtins.readDir (folder + "/src/bin") else { };
  fromEntry =
    entry:
    if lib.hasPrefix "." entry then
      [ ]
    else if lib.hasSuffix ".rs" entry then
      [
        {
          name = lib.removeSuffix ".rs" entry;
          path = "src/bin/${entry}";
        }
      ]
    else
      lib.optional (has "src/bin/${entry}/main.rs") {
        name = entry;
        path = "src/bin/${entry}/main.rs";
      };
  inferred =
    lib.optional (has "src/main.rs") {
      inherit name;
      path = "src/main.rs";
    }
    ++ lib.concatMap fromEntry (lib.attrNames entries);
  given = manifest.bin or [ ];
  names = map (one: one.name) given;
  paths = map (one: lib.removePrefix "./" (one.path or "")) given;
  isNew = one: !(lib.elem one.name names || lib.elem one.path paths);
  infers = manifest.package.autobins or (given == [ ] || edition != "2015");
  all = given ++ lib.optionals infers (lib.filter isNew inferred);

  table = manifest.features or { };
  # `dependency/feature` turns the optional dependency on as well, `dependency?/feature` does not.
  optional =
    feature:
    let
      parts = lib.splitString "/" feature;
      dependency = lib.head parts;
    in
    lib.optional (lib.length parts > 1 && !(lib.hasSuffix "?" dependency)) dependency;
  on = map (item: item.key) (
    builtins.genericClosure {
      startSet = map (key: { inherit key; }) (features ++ lib.optional defaultFeatures "default");
      operator = item: map (key: { inherit key; }) (table.${item.key} or [ ] ++ optional item.key);
    }
  );
  isBuilt = one: lib.all (feature: lib.elem feature on) (one.required-features or [ ]);
  rank =
    one:
    if one == (manifest.package.default-run or null) then
      0
    else if one == name then
      1
    else
      2;
  isBefore = a: b: if rank a == rank b then a < b else rank a < rank b;
  sorted = builtins.sort isBefore;
in
{
  built = sorted (map (one: one.name) (lib.filter isBuilt all));
  gated = sorted (map (one: one.name) (lib.filter (one: !(isBuilt one)) all));
}
