# Whether there is an image. It holds static programs alone, so that a release without a static target has none, and it is an error to ask
# for one.
{ lib }:
{
  name,
  # The setting in Cargo.toml, and the argument of mkRelease: null if there is none.
  config,
  image,
  built,
}:
let
  isStatic = lib.any (target: target.image != null) built;
  isAsked = if image != null then image else config != null && config != false;
  isWanted = if image != null then image else config != false;
in
assert
  !isAsked
  || isStatic
  || throw "the image of `${name}` would have no platform; release a static target as well, such as `x86_64-musl`, or write `image = false` under [package.metadata.floe]";
isWanted && isStatic
