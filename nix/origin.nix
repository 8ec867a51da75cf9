# The environment of every call of floe: which project, which commit, the time that every file carries, and the cargo that it asks.
{
  lib,
  project,
  settings,
  cargo,
}:
{
  CARGO = lib.getExe cargo;
  SOURCE_DATE_EPOCH = toString project.epoch;
  # Words for a shell: a folder may have any name.
  projectArguments = lib.escapeShellArgs (
    [
      "--manifest-path"
      "${settings.src}/${project.folder}/Cargo.toml"
      "--package"
      project.name
    ]
    ++ (
      if project.commit == null then
        [ ]
      else
        [
          "--commit"
          project.commit
        ]
    )
  );
}
