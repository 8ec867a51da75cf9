# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_floe_global_optspecs
    string join \n v/verbose q/quiet strict h/help V/version
end

function __fish_floe_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_floe_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_floe_using_subcommand
    set -l cmd (__fish_floe_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c floe -n "__fish_floe_needs_command" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_needs_command" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_needs_command" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_needs_command" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_needs_command" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_needs_command" -f -a "init" -d 'Add the flake, the workflow and the other release files to this project'
complete -c floe -n "__fish_floe_needs_command" -f -a "package" -d 'Pack built binaries into archives, each with a record of its content (JSON)'
complete -c floe -n "__fish_floe_needs_command" -f -a "audit" -d 'Report what binaries need from their host and whether common hosts provide it'
complete -c floe -n "__fish_floe_needs_command" -f -a "image" -d 'Build a multi-platform OCI image layout from static binaries or docker archives'
complete -c floe -n "__fish_floe_needs_command" -f -a "verify" -d 'Check a dist before publishing, or a published release as users download it'
complete -c floe -n "__fish_floe_needs_command" -f -a "assemble" -d 'Join what several machines built into one dist that is published without the project'
complete -c floe -n "__fish_floe_needs_command" -f -a "plan" -d 'Show the steps that publish would take, and check whether a server would refuse them'
complete -c floe -n "__fish_floe_needs_command" -f -a "publish" -d 'Publish a release: stage everything in private, then make it public at once'
complete -c floe -n "__fish_floe_needs_command" -f -a "reproduce" -d 'Compare a rebuild with the published release, and list the differences'
complete -c floe -n "__fish_floe_needs_command" -f -a "rehearse" -d 'Run a whole release of this project on this machine, without an account or a network'
complete -c floe -n "__fish_floe_needs_command" -f -a "targets" -d 'List the supported targets'
complete -c floe -n "__fish_floe_needs_command" -f -a "completions" -d 'Print shell completions'
complete -c floe -n "__fish_floe_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c floe -n "__fish_floe_using_subcommand init" -l target -d 'A target of the release (may be repeated) [default: all but the optional ones]' -r
complete -c floe -n "__fish_floe_using_subcommand init" -l floe-url -d 'The flake reference of floe, on GitHub [default: where this floe was published]' -r
complete -c floe -n "__fish_floe_using_subcommand init" -l pin -d 'The commit of floe that the workflow calls [default: the commit of floe\'s tag]' -r
complete -c floe -n "__fish_floe_using_subcommand init" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand init" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand init" -l check -d 'Write nothing; report how files differ from floe\'s templates'
complete -c floe -n "__fish_floe_using_subcommand init" -l json -d 'Print the result of `--check` as JSON on stdout'
complete -c floe -n "__fish_floe_using_subcommand init" -s y -l yes -d 'Write without asking; required without a terminal'
complete -c floe -n "__fish_floe_using_subcommand init" -l force -d 'Replace a flake or workflow that floe did not write, if it is committed'
complete -c floe -n "__fish_floe_using_subcommand init" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand init" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand init" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand init" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand init" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand package" -l target -d 'The target of the binaries that --binary names' -r
complete -c floe -n "__fish_floe_using_subcommand package" -l binary -d 'A built binary (may be repeated)' -r -F
complete -c floe -n "__fish_floe_using_subcommand package" -l documents -d 'A folder with the `completions/` and `man/` that the build made' -r -F
complete -c floe -n "__fish_floe_using_subcommand package" -l trees -d 'A folder with the output of `cargo tree` for each target, from which SBOMs are made (see docs/verification.md)' -r -F
complete -c floe -n "__fish_floe_using_subcommand package" -s o -l out -d 'Output folder for archives, SBOMs and records' -r -F
complete -c floe -n "__fish_floe_using_subcommand package" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand package" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand package" -l tag -d 'The tag to release; it must name the version of the package' -r
complete -c floe -n "__fish_floe_using_subcommand package" -l commit -d 'The commit that the binaries were built from [default: git\'s HEAD, if nothing is modified]' -r
complete -c floe -n "__fish_floe_using_subcommand package" -l epoch -d 'Modification time of every file, in seconds since 1970 [default: the commit\'s time, else 1980-01-01]' -r
complete -c floe -n "__fish_floe_using_subcommand package" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand package" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand package" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand package" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand package" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand audit" -l target -d 'Apply the rules of this target [default: read from the binary]' -r
complete -c floe -n "__fish_floe_using_subcommand audit" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand audit" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand audit" -l json -d 'Print the facts and the verdict as JSON on stdout'
complete -c floe -n "__fish_floe_using_subcommand audit" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand audit" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand audit" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand audit" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand audit" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand image" -l ca-certificates -d 'CA certificates (PEM) to place at /etc/ssl/certs/ca-certificates.crt' -r -F
complete -c floe -n "__fish_floe_using_subcommand image" -s o -l out -d 'Output folder for the OCI image layout' -r -F
complete -c floe -n "__fish_floe_using_subcommand image" -l repo -d 'The repository for the image\'s labels [default: GITHUB_REPOSITORY, git, Cargo.toml]' -r
complete -c floe -n "__fish_floe_using_subcommand image" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand image" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand image" -l tag -d 'The tag to release; it must name the version of the package' -r
complete -c floe -n "__fish_floe_using_subcommand image" -l commit -d 'The commit that the binaries were built from [default: git\'s HEAD, if nothing is modified]' -r
complete -c floe -n "__fish_floe_using_subcommand image" -l epoch -d 'Modification time of every file, in seconds since 1970 [default: the commit\'s time, else 1980-01-01]' -r
complete -c floe -n "__fish_floe_using_subcommand image" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand image" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand image" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand image" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand image" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand verify" -l release -d 'Download and check the published release of this tag, without a token if the repository is public' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l keep -d 'Keep the downloaded files in this folder, which must be new or empty' -r -F
complete -c floe -n "__fish_floe_using_subcommand verify" -l run -d 'After verifying, run each program for this machine with this argument, such as --run=--version' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l target -d 'A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l image -d 'The image\'s name, if it is not the default; it changes SHA256SUMS, and a published image must have it' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l notes-file -d 'Read the release notes from this file, not from the changelog or GitHub' -r -F
complete -c floe -n "__fish_floe_using_subcommand verify" -l expect -d 'Fail unless SHA256SUMS has this digest, before any downloaded program is run' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l attestation -d 'Check, without a network, that this attestation covers the given files' -r -F
complete -c floe -n "__fish_floe_using_subcommand verify" -l attest -d 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]' -r -f -a "required\t'The manifest promises it, and nothing is published without it'
best-effort\t'It is published if it is there'
none\t'There is none'"
complete -c floe -n "__fish_floe_using_subcommand verify" -l signer -d 'The workflow that must have signed [default: floe\'s release workflow, or one of the project\'s own repository]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l trusted-root -d 'Trusted roots of Sigstore as JSON, instead of the embedded ones' -r -F
complete -c floe -n "__fish_floe_using_subcommand verify" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand verify" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l tag -d 'The tag to release; it must name the version of the package' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l commit -d 'The commit that the binaries were built from [default: git\'s HEAD, if nothing is modified]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l epoch -d 'Modification time of every file, in seconds since 1970 [default: the commit\'s time, else 1980-01-01]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l repo -d 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l server-url -d 'GitHub\'s web address [default: `https://github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l api-url -d 'GitHub\'s API [default: `https://api.github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l registry-url -d 'Address of the image\'s registry [default: https:// and the host of the image\'s name]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l feed-url -d 'Address of the Chocolatey feed [default: https:// and the feed\'s host]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l tries -d 'Attempts for each request, the first included' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l first-wait -d 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]' -r
complete -c floe -n "__fish_floe_using_subcommand verify" -l render -d 'Write the installers and the files for package managers into the first dist, for review'
complete -c floe -n "__fish_floe_using_subcommand verify" -l require-attestation -d 'Fail if the release is not signed, or its signature could not be checked'
complete -c floe -n "__fish_floe_using_subcommand verify" -l json -d 'Print the result as JSON on stdout'
complete -c floe -n "__fish_floe_using_subcommand verify" -l no-image -d 'The release has no image'
complete -c floe -n "__fish_floe_using_subcommand verify" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand verify" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand verify" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floe -n "__fish_floe_using_subcommand verify" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand assemble" -l target -d 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l image -d 'The image\'s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l notes-file -d 'Read the release notes from this file, not from the changelog or GitHub' -r -F
complete -c floe -n "__fish_floe_using_subcommand assemble" -l expect -d 'Fail unless SHA256SUMS has this digest' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l attestation -d 'The Sigstore bundle that attests exactly these files; verified before anything is sent' -r -F
complete -c floe -n "__fish_floe_using_subcommand assemble" -l attest -d 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]' -r -f -a "required\t'The manifest promises it, and nothing is published without it'
best-effort\t'It is published if it is there'
none\t'There is none'"
complete -c floe -n "__fish_floe_using_subcommand assemble" -l signer -d 'The workflow that must have signed [default: floe\'s release workflow, or one of the project\'s own repository]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l trusted-root -d 'Trusted roots of Sigstore as JSON, instead of the embedded ones' -r -F
complete -c floe -n "__fish_floe_using_subcommand assemble" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand assemble" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l tag -d 'The tag to release; it must name the version of the package' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l commit -d 'The commit that the binaries were built from [default: git\'s HEAD, if nothing is modified]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l epoch -d 'Modification time of every file, in seconds since 1970 [default: the commit\'s time, else 1980-01-01]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l repo -d 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l server-url -d 'GitHub\'s web address [default: `https://github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l api-url -d 'GitHub\'s API [default: `https://api.github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l registry-url -d 'Address of the image\'s registry [default: https:// and the host of the image\'s name]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l feed-url -d 'Address of the Chocolatey feed [default: https:// and the feed\'s host]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l tries -d 'Attempts for each request, the first included' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l first-wait -d 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -s o -l out -d 'Output folder, which must be new or empty' -r -F
complete -c floe -n "__fish_floe_using_subcommand assemble" -l inputs -d 'The inputs of the workflow as JSON; the manifest names those that change a build' -r
complete -c floe -n "__fish_floe_using_subcommand assemble" -l no-image -d 'The release has no image'
complete -c floe -n "__fish_floe_using_subcommand assemble" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand assemble" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand assemble" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand assemble" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floe -n "__fish_floe_using_subcommand assemble" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand plan" -l target -d 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l image -d 'The image\'s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l notes-file -d 'Read the release notes from this file, not from the changelog or GitHub' -r -F
complete -c floe -n "__fish_floe_using_subcommand plan" -l expect -d 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l attestation -d 'The Sigstore bundle that attests exactly these files; verified before anything is sent' -r -F
complete -c floe -n "__fish_floe_using_subcommand plan" -l attest -d 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]' -r -f -a "required\t'The manifest promises it, and nothing is published without it'
best-effort\t'It is published if it is there'
none\t'There is none'"
complete -c floe -n "__fish_floe_using_subcommand plan" -l signer -d 'The workflow that must have signed [default: floe\'s release workflow, or one of the project\'s own repository]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l trusted-root -d 'Trusted roots of Sigstore as JSON, instead of the embedded ones' -r -F
complete -c floe -n "__fish_floe_using_subcommand plan" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand plan" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l tag -d 'The tag to release; it must name the version of the package' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l commit -d 'The commit that the binaries were built from [default: git\'s HEAD, if nothing is modified]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l epoch -d 'Modification time of every file, in seconds since 1970 [default: the commit\'s time, else 1980-01-01]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l repo -d 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l server-url -d 'GitHub\'s web address [default: `https://github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l api-url -d 'GitHub\'s API [default: `https://api.github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l registry-url -d 'Address of the image\'s registry [default: https:// and the host of the image\'s name]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l feed-url -d 'Address of the Chocolatey feed [default: https:// and the feed\'s host]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l tries -d 'Attempts for each request, the first included' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l first-wait -d 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]' -r
complete -c floe -n "__fish_floe_using_subcommand plan" -l no-image -d 'The release has no image'
complete -c floe -n "__fish_floe_using_subcommand plan" -l read-only -d 'Send only requests that a read-only token allows; drafts and permissions are not checked'
complete -c floe -n "__fish_floe_using_subcommand plan" -l from-tag -d 'Fail unless this workflow run is for the tag and its commit, because signatures name those of the run'
complete -c floe -n "__fish_floe_using_subcommand plan" -l json -d 'Print the plan as JSON on stdout'
complete -c floe -n "__fish_floe_using_subcommand plan" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand plan" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand plan" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floe -n "__fish_floe_using_subcommand plan" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand publish" -l target -d 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l image -d 'The image\'s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l notes-file -d 'Read the release notes from this file, not from the changelog or GitHub' -r -F
complete -c floe -n "__fish_floe_using_subcommand publish" -l expect -d 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l attestation -d 'The Sigstore bundle that attests exactly these files; verified before anything is sent' -r -F
complete -c floe -n "__fish_floe_using_subcommand publish" -l attest -d 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]' -r -f -a "required\t'The manifest promises it, and nothing is published without it'
best-effort\t'It is published if it is there'
none\t'There is none'"
complete -c floe -n "__fish_floe_using_subcommand publish" -l signer -d 'The workflow that must have signed [default: floe\'s release workflow, or one of the project\'s own repository]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l trusted-root -d 'Trusted roots of Sigstore as JSON, instead of the embedded ones' -r -F
complete -c floe -n "__fish_floe_using_subcommand publish" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand publish" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l tag -d 'The tag to release; it must name the version of the package' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l commit -d 'The commit that the binaries were built from [default: git\'s HEAD, if nothing is modified]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l epoch -d 'Modification time of every file, in seconds since 1970 [default: the commit\'s time, else 1980-01-01]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l repo -d 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l server-url -d 'GitHub\'s web address [default: `https://github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l api-url -d 'GitHub\'s API [default: `https://api.github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l registry-url -d 'Address of the image\'s registry [default: https:// and the host of the image\'s name]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l feed-url -d 'Address of the Chocolatey feed [default: https:// and the feed\'s host]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l tries -d 'Attempts for each request, the first included' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l first-wait -d 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]' -r
complete -c floe -n "__fish_floe_using_subcommand publish" -l receipt -d 'Write the receipt to this file, after every step' -r -F
complete -c floe -n "__fish_floe_using_subcommand publish" -l no-image -d 'The release has no image'
complete -c floe -n "__fish_floe_using_subcommand publish" -l json -d 'Print the receipt as JSON on stdout instead of the two lines'
complete -c floe -n "__fish_floe_using_subcommand publish" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand publish" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand publish" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floe -n "__fish_floe_using_subcommand publish" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l rebuilt -d 'A dist rebuilt from the tag\'s sources (may be repeated)' -r -F
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l statement -d 'Write the result as an in-toto statement, ready to be signed' -r -F
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l image -d 'The image\'s name; needed if the image does not belong to the repository\'s owner' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l signer -d 'The workflow that must have signed [default: floe\'s release workflow, or one of the project\'s own repository]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l trusted-root -d 'Trusted roots of Sigstore as JSON, instead of the embedded ones' -r -F
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand reproduce" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l repo -d 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l server-url -d 'GitHub\'s web address [default: `https://github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l api-url -d 'GitHub\'s API [default: `https://api.github.com`]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l registry-url -d 'Address of the image\'s registry [default: https:// and the host of the image\'s name]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l feed-url -d 'Address of the Chocolatey feed [default: https:// and the feed\'s host]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l tries -d 'Attempts for each request, the first included' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l first-wait -d 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]' -r
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l json -d 'Print the comparison as JSON on stdout'
complete -c floe -n "__fish_floe_using_subcommand reproduce" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand reproduce" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand reproduce" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand reproduce" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand reproduce" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l with -d 'The builder [default: nix if it is installed and the flake has a `dist`, else cargo]' -r -f -a "cargo\t'Cargo, for this machine'
nix\t'Nix, with the flake\'s `dist`'"
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l faults -d 'Inject faults chosen by this seed while publishing, and publish again until it succeeds or cannot' -r
complete -c floe -n "__fish_floe_using_subcommand rehearse" -s o -l out -d 'Output folder [default: target/rehearsal]' -r -F
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l attest -d 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]' -r -f -a "required\t'The manifest promises it, and nothing is published without it'
best-effort\t'It is published if it is there'
none\t'There is none'"
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l manifest-path -d 'Path to the project\'s Cargo.toml [default: found from the current folder]' -r -F
complete -c floe -n "__fish_floe_using_subcommand rehearse" -s p -l package -d 'The Cargo package to release [default: the only one with a binary]' -r
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l exact -d 'Build with the profile of the project\'s releases [default: `release` without link-time optimisation]'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l keep -d 'Publish to the servers of the last rehearsal, with the state that they have'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l serve -d 'Keep both servers running until Ctrl-C, and print their addresses'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l json -d 'Print the summary as JSON on stdout'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floe -n "__fish_floe_using_subcommand rehearse" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand targets" -l json -d 'Print the build matrix for GitHub Actions as JSON'
complete -c floe -n "__fish_floe_using_subcommand targets" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand targets" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand targets" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand targets" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand targets" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand completions" -s v -l verbose -d 'Show more details, such as the checks that passed (-vv: also each request)'
complete -c floe -n "__fish_floe_using_subcommand completions" -s q -l quiet -d 'Show only results and errors'
complete -c floe -n "__fish_floe_using_subcommand completions" -l strict -d 'Treat warnings as errors'
complete -c floe -n "__fish_floe_using_subcommand completions" -s h -l help -d 'Print help'
complete -c floe -n "__fish_floe_using_subcommand completions" -s V -l version -d 'Print version'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "init" -d 'Add the flake, the workflow and the other release files to this project'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "package" -d 'Pack built binaries into archives, each with a record of its content (JSON)'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "audit" -d 'Report what binaries need from their host and whether common hosts provide it'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "image" -d 'Build a multi-platform OCI image layout from static binaries or docker archives'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "verify" -d 'Check a dist before publishing, or a published release as users download it'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "assemble" -d 'Join what several machines built into one dist that is published without the project'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "plan" -d 'Show the steps that publish would take, and check whether a server would refuse them'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "publish" -d 'Publish a release: stage everything in private, then make it public at once'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "reproduce" -d 'Compare a rebuild with the published release, and list the differences'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "rehearse" -d 'Run a whole release of this project on this machine, without an account or a network'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "targets" -d 'List the supported targets'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "completions" -d 'Print shell completions'
complete -c floe -n "__fish_floe_using_subcommand help; and not __fish_seen_subcommand_from init package audit image verify assemble plan publish reproduce rehearse targets completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
