# One target's dist: the archive and its record, made by `floe package`.
{
  pkgs,
  project,
  toolchain,
  packer,
  settings,
}:
{ target, binaries }:
pkgs.runCommand "${project.name}-${project.version}-${target.name}"
  {
    nativeBuildInputs = [
      packer
      toolchain
    ];
    env = import ./origin.nix { inherit project settings; };
    passthru = { inherit target binaries; };
  }
  ''
    export HOME=$TMPDIR
    arguments=(--target ${target.name} --out "$out")
    for binary in ${toString (map (name: "${binaries}/bin/${name}") project.released)}; do
      arguments+=(--binary "$binary")
    done
    if [[ -d ${binaries}/documents ]]; then
      arguments+=(--documents ${binaries}/documents)
    fi
    floe package "''${arguments[@]}" $projectArguments
  ''
