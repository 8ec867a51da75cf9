{
  # Where floe lives, and which of it: as `github:owner/name/v1.0.0`, or what `nix registry add floe …` says.
  inputs.floe.url = "flake:floe";

  # What else can be said, and what comes out, stands in the head of floe's nix/mkRelease.nix.
  outputs = { self, floe }: floe.lib.mkRelease { src = self; };
}
