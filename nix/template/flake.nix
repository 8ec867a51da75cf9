{
  # A version of floe, such as `github:owner/name/v1.0.0`, or `flake:floe`, which `nix registry add floe …` sets.
  inputs.floe.url = "flake:floe";

  # floe's docs/nix.md lists all arguments and outputs. A release does not wait for the project's own checks;
  # `checks = { clippy = true; tests = true; };` adds them to `nix flake check`.
  outputs = { self, floe }: floe.lib.mkRelease { src = self; };
}
