# The systems on which a release is tried, each with the released floe for it: where it is, its digest, and how it is
# unpacked. floe itself is tried with what it has just published, so that its digest is not known here.
{
  lib,
  table,
  project,
  own,
  address,
  released,
}:
let
  known =
    if own then
      {
        url = "${toString address}/releases/download/v${project.version}";
        files = lib.listToAttrs (
          map (
            target:
            lib.nameValuePair target.triple {
              file = "floe-${target.triple}.${target.archive}";
              sha256 = null;
            }
          ) project.promised
        );
      }
    else if released == null then
      { files = { }; }
    else
      released;
  trial =
    runner:
    let
      target = lib.findFirst (
        target: target.runner == runner && known.files ? ${target.triple}
      ) null table.all;
      inherit (known.files.${target.triple}) file sha256;
    in
    {
      inherit runner;
    }
    // lib.optionalAttrs (target != null && (!own || address != null)) {
      inherit file;
      url = "${known.url}/${file}";
      digest = if sha256 == null then null else "${sha256}  ${file}";
      unpack = if lib.hasSuffix ".zip" file then "unzip -q" else "tar -xzf";
    };
  # GitHub has none for some targets.
  runners = lib.unique (
    lib.filter (runner: runner != null) (map (target: target.runner) project.promised)
  );
in
if runners != [ ] then
  map trial runners
else
  throw "GitHub has no runner for ${
    lib.concatMapStringsSep ", " (target: target.name) project.promised
  }, so no job can run what the workflow published; release another target as well, such as `x86_64-musl`"
