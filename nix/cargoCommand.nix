# The command that builds, and its arguments: with zig for a target, by plain cargo for the machine at hand.
{
  lib,
  project,
  settings,
  target,
}:
let
  isNative = target == null;
  # The newest glibc that binaries may ask for; zig takes it as a suffix of the triple.
  triple = lib.concatStringsSep "." (
    [ target.triple ] ++ lib.optional (target.contract ? floors) target.contract.floors.GLIBC
  );
in
{
  # crane's function would put the profile before the second word of a command.
  command =
    if isNative then
      "cargoWithProfile build"
    else if settings.auditable then
      "cargo auditable zigbuild --profile ${project.profile}"
    else
      "cargoWithProfile zigbuild";
  flags = lib.concatStringsSep " " (
    [ "--locked -p ${project.name}" ]
    ++ lib.optional (!isNative) "--target ${triple}"
    ++ lib.optional (!project.defaultFeatures) "--no-default-features"
    ++ lib.optional (project.features != [ ]) "--features ${lib.concatStringsSep "," project.features}"
  );
}
