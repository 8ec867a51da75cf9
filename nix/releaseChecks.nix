# The gate: checks of what the releases that Linux builds promise.
{
  lib,
  pkgs,
  project,
  settings,
  packer,
  origin,
  package,
  releases,
  dist,
}:
let
  name = what: "${project.name}-${what}";
  manifest = "${settings.src}/${project.folder}/Cargo.toml";
  pack = {
    nativeBuildInputs = [ packer ];
    env = origin;
  };
  # Binaries must run elsewhere: `floe audit` holds each to its target's contract in targets.json. What Nix builds also keeps
  # the rules of hygiene: it has no path of its builder, and can be reproduced.
  portable =
    target: release:
    pkgs.runCommand (name "portable-${target}") pack ''
      export HOME=$TMPDIR
      floe audit --strict --target ${target} --manifest-path ${lib.escapeShellArg manifest} --package ${project.name} \
        ${toString (map (name: "${release.binaries}/bin/${name}") project.released)}
      touch "$out"
    '';
  # From nothing, in another folder: the same bytes.
  twice =
    target: release:
    pkgs.runCommand (name "twice-${target}") { } ''
      diff -r ${release.binaries}/bin ${
        package {
          inherit (release) target;
          folder = "elsewhere/twice";
        }
      }/bin
      touch "$out"
    '';
  prefixed =
    prefix: check:
    lib.mapAttrs' (
      target: release: lib.nameValuePair "${prefix}-${target}" (check target release)
    ) releases;
  promise = lib.concatMapStringsSep " " (release: "--target ${release.target.name}") (
    lib.attrValues releases
  );
in
prefixed "portable" portable
// prefixed "twice" twice
// lib.optionalAttrs project.hasImage {
  # The image's program is the archive's, byte for byte.
  image = pkgs.runCommand (name "image-equals-archives") { nativeBuildInputs = [ pkgs.jq ]; } ''
    bash ${./imageEquals.sh} ${dist} ${project.name}
    touch "$out"
  '';
}
// {
  # The dist as `publish` would read it, and the whole release on two servers inside the sandbox.
  rehearsal = pkgs.runCommand (name "rehearsal") pack ''
    export HOME=$TMPDIR GITHUB_REPOSITORY=${project.repo}
    # Nothing here is reached over TLS, but floe's clients want to know whom they would trust.
    export SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt
    floe verify ${dist} ${promise} ${
      lib.optionalString (!project.hasImage) "--no-image"
    } ${origin.projectArguments}
    floe rehearse ${dist} --out "$TMPDIR/rehearsal" --manifest-path ${lib.escapeShellArg manifest} --package ${project.name}
    cp "$TMPDIR/rehearsal/report.html" "$out"
  '';
}
