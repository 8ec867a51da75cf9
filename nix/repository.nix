# The repository that `repository` in Cargo.toml names, as `owner/name`: the address of any of its pages or a git
# remote's, at GitHub; null if it is none. floe reads the same.
{ lib }:
url:
let
  host = "(www[.])?[Gg][Ii][Tt][Hh][Uu][Bb][.][Cc][Oo][Mm]";
  rest = "([A-Za-z0-9._-]+)/([A-Za-z0-9._-]+)(/.*)?";
  trimmed = builtins.match "(.*[^/])/*" url;
  plain = lib.removeSuffix ".git" (if trimmed == null then "" else lib.head trimmed);
  page = builtins.match "(git[+])?[A-Za-z]+://([^/@]*@)?${host}(:[0-9]*)?/${rest}" plain;
  remote = builtins.match "([^/@:]*@)?${host}:${rest}" plain;
  found =
    if page != null then
      "${lib.elemAt page 4}/${lib.elemAt page 5}"
    else if remote != null then
      "${lib.elemAt remote 2}/${lib.elemAt remote 3}"
    else
      null;
in
found
