# The OCI image layout of all platforms. dockerTools makes a docker archive of each, on any machine and without
# emulation; `floe image` makes one layout of them, whose digest is known before anything is pushed.
{
  lib,
  pkgs,
  project,
  packer,
  origin,
  settings,
}:
platforms:
let
  one =
    { architecture, binaries }:
    pkgs.dockerTools.buildLayeredImage {
      inherit (project) name;
      inherit architecture;
      tag = project.version;
      # A static binary needs nothing of the store. `floe image` adds users, `/tmp` and the certificates.
      includeStorePaths = false;
      # `floe image` compresses; this is only what it reads.
      compressor = "none";
      extraCommands = ''
        install -D -m 755 -t bin ${toString (map (name: "${binaries}/bin/${name}") project.released)}
      ''
      + lib.concatStrings (
        lib.mapAttrsToList (path: file: ''
          file=${lib.escapeShellArg "${file}"}
          install -D -m "$([ -x "$file" ] && echo 755 || echo 644)" "$file" ${lib.escapeShellArg path}
        '') settings.imageFiles
      );
      config = {
        Entrypoint = [ "/bin/${project.main}" ];
        User = "65532:65532";
      }
      // settings.imageConfig;
    };
in
pkgs.runCommand "${project.name}-${project.version}-image"
  {
    nativeBuildInputs = [ packer ];
    env = origin;
  }
  ''
    export HOME=$TMPDIR
    floe image ${toString (map one platforms)} --out "$out" --repo ${project.repo} \
      --ca-certificates ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt ${origin.projectArguments}
  ''
