# The programs that build scripts of well-known crates call, for the crates that Cargo.lock names.
{ pkgs, lock }:
let
  callers = {
    openssl-src = [ pkgs.perl ];
    prost-build = [ pkgs.protobuf ];
  };
  # Every project with rustls has aws-lc-sys in its lock file, compiled or not, and it needs no cmake on Linux.
  callsCmake = entry: entry.name != "aws-lc-sys" && builtins.elem "cmake" (entry.dependencies or [ ]);
in
builtins.concatMap (entry: callers.${entry.name} or [ ]) lock.package
++ (if builtins.any callsCmake lock.package then [ pkgs.cmake ] else [ ])
