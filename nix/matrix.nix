# The Actions matrix: what the release promises, who builds it and how, where it is tried, and which floe does it.
# `include` is what `floe targets --json` prints; `linux` are the legs that Nix builds, each with its output; `native` those
# that only cargo builds, with what the project asks of every build added; `verify` are the systems on which the release is
# tried, each with the released floe for it.
{
  lib,
  table,
  project,
  settings,
  floe,
  toolchain,
  fenix,
  released ? lib.importJSON ./packer.json,
}:
let
  row = target: {
    inherit (target)
      name
      archive
      builder
      image
      runner
      ;
    target = target.triple;
    native = target.native or null;
  };
  # Braces of the project's own would be places to fill in.
  literal = builtins.replaceStrings [ "{" "}" ] [ "{{" "}}" ];
  flags =
    target:
    lib.filter (flag: flag != "") (
      lib.splitString " " "${literal project.rustflags} ${target.native.rustflags}"
    );
  leg = target: {
    inherit (target) name runner;
    inherit (target.native) cflags;
    target = target.triple;
    program = project.main + target.exe;
    # A configuration of Cargo. In its literal strings the backslashes of Windows are what they are; other strings of
    # TOML may be written as those of JSON are. In the environment Git's bash on Windows would take flags for paths.
    # Symbols are stripped as in what Nix builds (package.nix).
    config = lib.concatStrings (
      [
        "[profile.${project.profile}]\nstrip = true\n"
        "[target.${target.triple}]\nrustflags = [${
          lib.concatMapStringsSep ", " (flag: "'${flag}'") (flags target)
        }]\n"
        "[env]\n"
      ]
      ++ lib.mapAttrsToList (name: value: "${name} = ${literal (builtins.toJSON (toString value))}\n") (
        settings.env // target.native.env
      )
    );
  };
  address = import ./address.nix {
    inherit lib floe;
    src = settings.self;
  };
  native = map leg (lib.filter (target: target ? native) project.promised);
  # The image needs the programs of all its platforms, so that one leg builds them with it.
  inImage = target: project.hasImage && target.image != null;
  linux =
    map (target: {
      inherit (target) name;
      output = "release-${target.name}";
    }) (lib.filter (target: !inImage target) project.built)
    ++ lib.optional (lib.any inImage project.built) {
      name = "image";
      output = "release-image";
    };
  own = (settings.src.outPath or null) == floe.outPath;
in
{
  schema = 1;
  inherit (project) name epoch;
  inherit linux native;
  verify = import ./trials.nix {
    inherit
      lib
      table
      project
      own
      address
      released
      ;
  };
  toolchain =
    toolchain.channel or (
      if native == [ ] then
        null
      else
        throw "nothing says which Rust the native legs install; give `toolchain` a `// { channel = \"1.91.0\"; }`"
    );
  include = map row project.promised;
  # A script for Bash: `bash -c "$DOCUMENTS" documents native/<triple>` gathers what the build made besides binaries.
  documents = import ./documents.nix { inherit lib project; };
  # The arguments of `cargo install`, besides its folders and the target.
  root = import ./root.nix { inherit lib settings; };
  package = project.folder;
  arguments = lib.concatStringsSep " " (
    [ "--profile ${project.profile}" ]
    ++ map (name: "--bin ${name}") project.released
    ++ lib.optional (!project.defaultFeatures) "--no-default-features"
    ++ lib.optional (project.features != [ ]) "--features ${lib.concatStringsSep "," project.features}"
  );
  # The floe that the flake is locked to: its commit, the Rust that it is built with, and whether it is what is released.
  floe = {
    inherit own;
    repository =
      lib.warnIf (address == null)
        "this floe does not say where it lives, so that no release workflow can install it; use it as `github:owner/name`, or write its address as `repository` into floe's Cargo.toml"
        address;
    rev = floe.rev or null;
    toolchain =
      (import ./toolchain.nix {
        inherit fenix;
        triples = [ ];
      }).channel;
  };
}
