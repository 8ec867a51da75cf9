# One target's dist: the archive, its SBOM and its record, made by `floe package`.
{
  pkgs,
  project,
  packer,
  origin,
  trees,
}:
{ target, binaries }:
pkgs.runCommand "${project.name}-${project.version}-${target.name}"
  {
    nativeBuildInputs = [ packer ];
    env = origin;
    passthru = { inherit target binaries; };
  }
  ''
    export HOME=$TMPDIR
    arguments=(--target ${target.name} --trees ${trees} --out "$out")
    for binary in ${toString (map (name: "${binaries}/bin/${name}") project.released)}; do
      arguments+=(--binary "$binary")
    done
    if [[ -d ${binaries}/documents ]]; then
      arguments+=(--documents ${binaries}/documents)
    fi
    floe package "''${arguments[@]}" ${origin.projectArguments}
  ''
