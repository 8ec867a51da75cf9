# The programs that build scripts of well-known crates call, for the crates that Cargo.lock names.
{ pkgs, lock }:
let
  callers = {
    cmake = [ pkgs.cmake ];
    openssl-src = [ pkgs.perl ];
    prost-build = [ pkgs.protobuf ];
  };
in
builtins.concatMap (entry: callers.${entry.name} or [ ]) lock.package
