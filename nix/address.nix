# The repository of the floe that a project's flake uses: where flake.lock says that it came from, so that a fork is found
# too, else what floe's own Cargo.toml says, unless that is still the placeholder; null if neither is known.
{
  lib,
  floe,
  src,
}:
let
  path = src + "/flake.lock";
  nodes = if builtins.pathExists path then lib.attrValues (lib.importJSON path).nodes else [ ];
  locks = map (node: node.locked or { }) nodes;
  here = lib.filter (locked: floe ? rev && locked.rev or null == floe.rev) locks;
  hosts = {
    github = locked: "https://${locked.host or "github.com"}/${locked.owner}/${locked.repo}";
    gitlab = locked: "https://${locked.host or "gitlab.com"}/${locked.owner}/${locked.repo}";
    git = locked: locked.url;
  };
  found = lib.concatMap (
    locked: lib.optional (hosts ? ${locked.type}) (hosts.${locked.type} locked)
  ) here;
  manifest = fromTOML (builtins.readFile "${floe}/Cargo.toml");
  own = manifest.workspace.package.repository;
in
if found != [ ] then
  lib.head found
else if lib.hasInfix "/OWNER/" own then
  null
else
  own
