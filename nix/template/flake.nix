{
  # A version of floe, such as `github:owner/name/v1.0.0`; `flake:floe` is what `nix registry add floe …` has set.
  inputs.floe.url = "flake:floe";

  # The head of floe's nix/mkRelease.nix lists all arguments and outputs.
  outputs = { self, floe }: floe.lib.mkRelease { src = self; };
}
