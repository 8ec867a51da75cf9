# The shell to work in: the release's toolchain, what builds call, and on Linux what links releases.
{
  craneLib,
  pkgs,
  settings,
  isLinux,
  linker,
}:
craneLib.devShell {
  packages =
    settings.nativeBuildInputs pkgs
    ++ settings.buildInputs pkgs
    ++ (if isLinux then linker ++ [ pkgs.skopeo ] else [ ]);
}
