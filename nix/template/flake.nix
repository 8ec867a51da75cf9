{
  # A version of floe, such as `github:owner/name/v1.0.0`; `flake:floe` is what `nix registry add floe …` has set.
  inputs.floe.url = "flake:floe";

  # The head of floe's nix/mkRelease.nix lists all arguments and outputs. A release waits for none of the project's own
  # checks; `checks = { clippy = true; tests = true; };` adds them to `nix flake check`.
  outputs = { self, floe }: floe.lib.mkRelease { src = self; };
}
