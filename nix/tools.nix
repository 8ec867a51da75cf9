# The programs that build scripts of well-known crates call, for the crates that Cargo.lock names.
{ pkgs, lock }:
let
  callers = {
    openssl-src = [ pkgs.perl ];
    prost-build = [ pkgs.protobuf ];
  };
  # aws-lc-sys stands in the lock file of all who use rustls, compiled or not, and does without on Linux.
  callsCmake = entry: entry.name != "aws-lc-sys" && builtins.elem "cmake" (entry.dependencies or [ ]);
in
builtins.concatMap (entry: callers.${entry.name} or [ ]) lock.package
++ (if builtins.any callsCmake lock.package then [ pkgs.cmake ] else [ ])
