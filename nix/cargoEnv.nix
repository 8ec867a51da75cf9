# Variables of every build by crane.
{
  # Of all that cargo leaves behind only this file differs between two runs.
  CARGO_CACHE_RUSTC_INFO = "0";
  # Where crane looks, whatever .cargo/config.toml says.
  CARGO_TARGET_DIR = "target";
  CARGO_BUILD_BUILD_DIR = "target";
}
