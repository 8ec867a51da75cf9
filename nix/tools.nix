# The programs and variables that build scripts need: those of well-known crates that Cargo.lock names, and the programs
# that the project's own build scripts name.
{
  lib,
  pkgs,
  project,
  settings,
}:
{ isNative }:
let
  byProgram = {
    capnp = [ pkgs.capnproto ];
    cmake = [ pkgs.cmake ];
    flatc = [ pkgs.flatbuffers ];
    git = [ pkgs.gitMinimal ];
    nasm = [ pkgs.nasm ];
    perl = [ pkgs.perl ];
    protoc = [ pkgs.protobuf ];
    python3 = [ pkgs.python3 ];
  };
  byCrate = {
    autotools = [
      pkgs.autoconf
      pkgs.automake
      pkgs.libtool
    ];
    build-data = byProgram.git;
    capnpc = byProgram.capnp;
    cmake = byProgram.cmake;
    flatc-rust = byProgram.flatc;
    git-testament = byProgram.git;
    git-version = byProgram.git;
    nasm-rs = byProgram.nasm;
    openssl-src = byProgram.perl;
    prost-build = byProgram.protoc;
    protobuf-codegen = byProgram.protoc;
    protoc = byProgram.protoc;
    rustc_tools_util = byProgram.git;
    shadow-rs = byProgram.git;
    vergen = byProgram.git;
    vergen-gitcl = byProgram.git;
  }
  // lib.optionalAttrs isNative {
    # Headers and libraries of this machine; for other targets cargo-zigbuild gives bindgen those of zig.
    bindgen = [ pkgs.rustPlatform.bindgenHook ];
  };
  # Every project with rustls has aws-lc-sys in its lock file, compiled or not, and it needs no tools on Linux.
  asking = lib.concatMap (
    entry: lib.optionals (entry.name != "aws-lc-sys") (entry.dependencies or [ ])
  ) project.lock.package;
  # A dependency has its version behind it where the lock file holds several.
  asked = lib.genAttrs (map (dependency: lib.head (lib.splitString " " dependency)) asking) (_: true);

  scripts = lib.concatMap (
    folder:
    let
      manifest = fromTOML (
        builtins.unsafeDiscardStringContext (builtins.readFile (settings.src + "/${folder}/Cargo.toml"))
      );
      build = manifest.package.build or "build.rs";
      path = settings.src + "/${folder}/${toString build}";
    in
    lib.optional (lib.isString build && builtins.pathExists path) (builtins.readFile path)
  ) project.folders;
  isNamed = program: lib.any (lib.hasInfix "\"${program}\"") scripts;
in
{
  programs = lib.unique (
    lib.concatLists (
      lib.attrValues (lib.filterAttrs (crate: _: asked ? ${crate}) byCrate)
      ++ lib.attrValues (lib.filterAttrs (program: _: isNamed program) byProgram)
    )
  );
  env = lib.optionalAttrs (asked ? bindgen && !isNative) {
    LIBCLANG_PATH = "${pkgs.llvmPackages.libclang.lib}/lib";
  };
}
