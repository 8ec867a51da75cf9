# The environment of every call of floe: which project, which commit, and the time that every file carries.
{ project, settings }:
{
  SOURCE_DATE_EPOCH = toString project.epoch;
  projectArguments = toString (
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
