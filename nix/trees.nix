# The crates of every promised target as `cargo tree` lists them, a file a triple, for the SBOMs that `floe package` makes. Cargo
# answers for any target on any machine if it has the sources, so this serves the native legs' archives, too.
{
  lib,
  pkgs,
  craneLib,
  source,
  project,
  settings,
  toolchain,
}:
let
  vendored = craneLib.vendorCargoDeps {
    src = source;
    inherit (settings) outputHashes;
  };
  # The format is that of src/project/dependencies.rs, which reads it; a test compares them.
  arguments = lib.concatStringsSep " " (
    [ "--locked --offline -p ${project.name}@${project.version} -e normal,no-proc-macro" ]
    ++ lib.optional (!project.defaultFeatures) "--no-default-features"
    ++ lib.optional (project.features != [ ]) "--features ${lib.concatStringsSep "," project.features}"
  );
  tree = target: ''
    cargo tree ${arguments} --target ${target.triple} --prefix depth --format $'\t{p}\t{f}\t{l}' \
      >"$out/${target.triple}"
  '';
in
pkgs.runCommand "${project.name}-${project.version}-trees"
  {
    nativeBuildInputs = [ toolchain ];
    env = {
      CARGO_CACHE_RUSTC_INFO = "0";
    }
    // settings.env;
  }
  (
    ''
      mkdir "$out"
    ''
    + lib.optionalString project.hasSbom (
      ''
        export HOME=$TMPDIR CARGO_HOME=$TMPDIR/cargo
        mkdir "$CARGO_HOME"
        cp ${vendored}/config.toml "$CARGO_HOME/config.toml"
        cp -r --no-preserve=mode ${source} source
        cd source
      ''
      + lib.concatMapStrings tree project.promised
    )
  )
