{
  # Where floe lives: write its address here, as in `github:owner/name`, or say it once with `nix registry add floe …`.
  inputs.floe.url = "flake:floe";

  # What else can be said, and what comes out, stands in the head of floe's nix/mkRelease.nix.
  outputs = { self, floe }: floe.lib.mkRelease { src = self; };
}
