# The floe that packs, for the released package: `nix run .#floe -- plan`.
{
  pkgs,
  packer,
  project,
}:
pkgs.writeShellApplication {
  name = "floe";
  runtimeInputs = [ packer ];
  runtimeEnv.FLOE_PACKAGE = project.name;
  text = ''exec floe "$@"'';
  inherit (packer) meta;
}
