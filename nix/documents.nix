# The script that gathers the documents of a build: for what Nix builds, and as text for the native legs.
{ lib, project }:
''
  name=${lib.escapeShellArg project.name}
  folder=${lib.escapeShellArg project.folder}
  built=(${lib.concatMapStringsSep " " lib.escapeShellArg project.documents})
''
+ builtins.readFile ./documents.sh
