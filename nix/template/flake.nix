{
  inputs.floe.url = "github:OWNER/floe";

  # What else can be said, and what comes out, stands in the head of floe's nix/mkRelease.nix.
  outputs = { self, floe }: floe.lib.mkRelease { src = self; };
}
