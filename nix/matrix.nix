# The Actions matrix: what the release promises, who builds it, and the toolchain that native legs install.
# `include` is what `floe targets --json` prints.
{ project, toolchain }:
{
  schema = 1;
  toolchain = toolchain.channel or null;
  include = map (target: {
    inherit (target)
      name
      archive
      builder
      image
      ;
    target = target.triple;
  }) project.promised;
}
