# Stand-ins that can be built: with the programs of this machine, outside of the sandbox, and by Nix itself.
system: {
  runCommand =
    name: arguments: text:
    derivation (
      builtins.removeAttrs arguments [
        "env"
        "meta"
        "passthru"
      ]
      // arguments.env or { }
      // {
        inherit name system;
        builder = "/bin/sh";
        args = [
          "-ec"
          text
        ];
        PATH = "/usr/bin:/bin";
      }
    )
    // arguments.passthru or { }
    // {
      meta = arguments.meta or { };
    };
  fetchurl =
    { url, sha256 }:
    derivation {
      inherit url system;
      name = baseNameOf url;
      builder = "builtin:fetchurl";
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = sha256;
    };
}
