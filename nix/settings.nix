# The arguments of mkRelease with their defaults; its head says what they mean.
{
  src,
  self ? src,
  package ? null,
  targets ? null,
  features ? null,
  defaultFeatures ? null,
  nativeBuildInputs ? _: [ ],
  buildInputs ? _: [ ],
  env ? { },
  auditable ? false,
  rustflags ? null,
  outputHashes ? { },
  toolchain ? import ./toolchain.nix,
  image ? null,
  imageConfig ? { },
  imageFiles ? { },
  repo ? null,
  tag ? null,
  packer ? null,
  checks ? { },
  extraChecks ? _: { },
}:
{
  inherit
    src
    self
    package
    targets
    features
    defaultFeatures
    nativeBuildInputs
    buildInputs
    env
    auditable
    outputHashes
    toolchain
    image
    imageConfig
    imageFiles
    repo
    tag
    packer
    checks
    extraChecks
    rustflags
    ;
}
