
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'floe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'floe'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'floe' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Add the flake, the workflow and the other release files to this project')
            [CompletionResult]::new('package', 'package', [CompletionResultType]::ParameterValue, 'Pack built binaries into archives, each with a record of its content (JSON)')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Report what binaries need from their host and whether common hosts provide it')
            [CompletionResult]::new('image', 'image', [CompletionResultType]::ParameterValue, 'Build a multi-platform OCI image layout from static binaries or docker archives')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check a dist before publishing, or a published release as users download it')
            [CompletionResult]::new('assemble', 'assemble', [CompletionResultType]::ParameterValue, 'Join what several machines built into one dist that is published without the project')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show the steps that publish would take, and check whether a server would refuse them')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publish a release: stage everything in private, then make it public at once')
            [CompletionResult]::new('reproduce', 'reproduce', [CompletionResultType]::ParameterValue, 'Compare a rebuild with the published release, and list the differences')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Run a whole release of this project on this machine, without an account or a network')
            [CompletionResult]::new('targets', 'targets', [CompletionResultType]::ParameterValue, 'List the supported targets')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'floe;init' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target of the release (may be repeated) [default: all but the optional ones]')
            [CompletionResult]::new('--floe-url', '--floe-url', [CompletionResultType]::ParameterName, 'The flake reference of floe, on GitHub [default: where this floe was published]')
            [CompletionResult]::new('--pin', '--pin', [CompletionResultType]::ParameterName, 'The commit of floe that the workflow calls [default: the commit of floe''s tag]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing; report how files differ from floe''s templates')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the result of `--check` as JSON on stdout')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Write without asking; required without a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Write without asking; required without a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a flake or workflow that floe did not write, if it is committed')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;package' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The target of the binaries that --binary names')
            [CompletionResult]::new('--binary', '--binary', [CompletionResultType]::ParameterName, 'A built binary (may be repeated)')
            [CompletionResult]::new('--documents', '--documents', [CompletionResultType]::ParameterName, 'A folder with the `completions/` and `man/` that the build made')
            [CompletionResult]::new('--trees', '--trees', [CompletionResultType]::ParameterName, 'A folder with the output of `cargo tree` for each target, from which SBOMs are made (see docs/verification.md)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output folder for archives, SBOMs and records')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Output folder for archives, SBOMs and records')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag to release; it must name the version of the package')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;audit' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Apply the rules of this target [default: read from the binary]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the facts and the verdict as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;image' {
            [CompletionResult]::new('--ca-certificates', '--ca-certificates', [CompletionResultType]::ParameterName, 'CA certificates (PEM) to place at /etc/ssl/certs/ca-certificates.crt')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output folder for the OCI image layout')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Output folder for the OCI image layout')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository for the image''s labels [default: GITHUB_REPOSITORY, git, Cargo.toml]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag to release; it must name the version of the package')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;verify' {
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'Download and check the published release of this tag, without a token if the repository is public')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the downloaded files in this folder, which must be new or empty')
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'After verifying, run each program for this machine with this argument, such as --run=--version')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name, if it is not the default; it changes SHA256SUMS, and a published image must have it')
            [CompletionResult]::new('--notes-file', '--notes-file', [CompletionResultType]::ParameterName, 'Read the release notes from this file, not from the changelog or GitHub')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Fail unless SHA256SUMS has this digest, before any downloaded program is run')
            [CompletionResult]::new('--attestation', '--attestation', [CompletionResultType]::ParameterName, 'Check, without a network, that this attestation covers the given files')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]')
            [CompletionResult]::new('--signer', '--signer', [CompletionResultType]::ParameterName, 'The workflow that must have signed [default: floe''s release workflow, or one of the project''s own repository]')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Trusted roots of Sigstore as JSON, instead of the embedded ones')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag to release; it must name the version of the package')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Address of the image''s registry [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--feed-url', '--feed-url', [CompletionResultType]::ParameterName, 'Address of the Chocolatey feed [default: https:// and the feed''s host]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'Attempts for each request, the first included')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]')
            [CompletionResult]::new('--render', '--render', [CompletionResultType]::ParameterName, 'Write the installers and the files for package managers into the first dist, for review')
            [CompletionResult]::new('--require-attestation', '--require-attestation', [CompletionResultType]::ParameterName, 'Fail if the release is not signed, or its signature could not be checked')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the result as JSON on stdout')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;assemble' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]')
            [CompletionResult]::new('--notes-file', '--notes-file', [CompletionResultType]::ParameterName, 'Read the release notes from this file, not from the changelog or GitHub')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Fail unless SHA256SUMS has this digest')
            [CompletionResult]::new('--attestation', '--attestation', [CompletionResultType]::ParameterName, 'The Sigstore bundle that attests exactly these files; verified before anything is sent')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]')
            [CompletionResult]::new('--signer', '--signer', [CompletionResultType]::ParameterName, 'The workflow that must have signed [default: floe''s release workflow, or one of the project''s own repository]')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Trusted roots of Sigstore as JSON, instead of the embedded ones')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag to release; it must name the version of the package')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Address of the image''s registry [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--feed-url', '--feed-url', [CompletionResultType]::ParameterName, 'Address of the Chocolatey feed [default: https:// and the feed''s host]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'Attempts for each request, the first included')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output folder, which must be new or empty')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Output folder, which must be new or empty')
            [CompletionResult]::new('--inputs', '--inputs', [CompletionResultType]::ParameterName, 'The inputs of the workflow as JSON; the manifest names those that change a build')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;plan' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]')
            [CompletionResult]::new('--notes-file', '--notes-file', [CompletionResultType]::ParameterName, 'Read the release notes from this file, not from the changelog or GitHub')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again')
            [CompletionResult]::new('--attestation', '--attestation', [CompletionResultType]::ParameterName, 'The Sigstore bundle that attests exactly these files; verified before anything is sent')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]')
            [CompletionResult]::new('--signer', '--signer', [CompletionResultType]::ParameterName, 'The workflow that must have signed [default: floe''s release workflow, or one of the project''s own repository]')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Trusted roots of Sigstore as JSON, instead of the embedded ones')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag to release; it must name the version of the package')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Address of the image''s registry [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--feed-url', '--feed-url', [CompletionResultType]::ParameterName, 'Address of the Chocolatey feed [default: https:// and the feed''s host]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'Attempts for each request, the first included')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('--read-only', '--read-only', [CompletionResultType]::ParameterName, 'Send only requests that a read-only token allows; drafts and permissions are not checked')
            [CompletionResult]::new('--from-tag', '--from-tag', [CompletionResultType]::ParameterName, 'Fail unless this workflow run is for the tag and its commit, because signatures name those of the run')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the plan as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;publish' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]')
            [CompletionResult]::new('--notes-file', '--notes-file', [CompletionResultType]::ParameterName, 'Read the release notes from this file, not from the changelog or GitHub')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again')
            [CompletionResult]::new('--attestation', '--attestation', [CompletionResultType]::ParameterName, 'The Sigstore bundle that attests exactly these files; verified before anything is sent')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]')
            [CompletionResult]::new('--signer', '--signer', [CompletionResultType]::ParameterName, 'The workflow that must have signed [default: floe''s release workflow, or one of the project''s own repository]')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Trusted roots of Sigstore as JSON, instead of the embedded ones')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag to release; it must name the version of the package')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Address of the image''s registry [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--feed-url', '--feed-url', [CompletionResultType]::ParameterName, 'Address of the Chocolatey feed [default: https:// and the feed''s host]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'Attempts for each request, the first included')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]')
            [CompletionResult]::new('--receipt', '--receipt', [CompletionResultType]::ParameterName, 'Write the receipt to this file, after every step')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the receipt as JSON on stdout instead of the two lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;reproduce' {
            [CompletionResult]::new('--rebuilt', '--rebuilt', [CompletionResultType]::ParameterName, 'A dist rebuilt from the tag''s sources (may be repeated)')
            [CompletionResult]::new('--statement', '--statement', [CompletionResultType]::ParameterName, 'Write the result as an in-toto statement, ready to be signed')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name; needed if the image does not belong to the repository''s owner')
            [CompletionResult]::new('--signer', '--signer', [CompletionResultType]::ParameterName, 'The workflow that must have signed [default: floe''s release workflow, or one of the project''s own repository]')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Trusted roots of Sigstore as JSON, instead of the embedded ones')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Address of the image''s registry [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--feed-url', '--feed-url', [CompletionResultType]::ParameterName, 'Address of the Chocolatey feed [default: https:// and the feed''s host]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'Attempts for each request, the first included')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the comparison as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;rehearse' {
            [CompletionResult]::new('--with', '--with', [CompletionResultType]::ParameterName, 'The builder [default: nix if it is installed and the flake has a `dist`, else cargo]')
            [CompletionResult]::new('--faults', '--faults', [CompletionResultType]::ParameterName, 'Inject faults chosen by this seed while publishing, and publish again until it succeeds or cannot')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output folder [default: target/rehearsal]')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Output folder [default: target/rehearsal]')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for `floe publish` in GitHub Actions, else none]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to the project''s Cargo.toml [default: found from the current folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The Cargo package to release [default: the only one with a binary]')
            [CompletionResult]::new('--exact', '--exact', [CompletionResultType]::ParameterName, 'Build with the profile of the project''s releases [default: `release` without link-time optimisation]')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Publish to the servers of the last rehearsal, with the state that they have')
            [CompletionResult]::new('--serve', '--serve', [CompletionResultType]::ParameterName, 'Keep both servers running until Ctrl-C, and print their addresses')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the summary as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;targets' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the build matrix for GitHub Actions as JSON')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;completions' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show more details, such as the checks that passed (-vv: also each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show only results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Add the flake, the workflow and the other release files to this project')
            [CompletionResult]::new('package', 'package', [CompletionResultType]::ParameterValue, 'Pack built binaries into archives, each with a record of its content (JSON)')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Report what binaries need from their host and whether common hosts provide it')
            [CompletionResult]::new('image', 'image', [CompletionResultType]::ParameterValue, 'Build a multi-platform OCI image layout from static binaries or docker archives')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check a dist before publishing, or a published release as users download it')
            [CompletionResult]::new('assemble', 'assemble', [CompletionResultType]::ParameterValue, 'Join what several machines built into one dist that is published without the project')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show the steps that publish would take, and check whether a server would refuse them')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publish a release: stage everything in private, then make it public at once')
            [CompletionResult]::new('reproduce', 'reproduce', [CompletionResultType]::ParameterValue, 'Compare a rebuild with the published release, and list the differences')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Run a whole release of this project on this machine, without an account or a network')
            [CompletionResult]::new('targets', 'targets', [CompletionResultType]::ParameterValue, 'List the supported targets')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'floe;help;init' {
            break
        }
        'floe;help;package' {
            break
        }
        'floe;help;audit' {
            break
        }
        'floe;help;image' {
            break
        }
        'floe;help;verify' {
            break
        }
        'floe;help;assemble' {
            break
        }
        'floe;help;plan' {
            break
        }
        'floe;help;publish' {
            break
        }
        'floe;help;reproduce' {
            break
        }
        'floe;help;rehearse' {
            break
        }
        'floe;help;targets' {
            break
        }
        'floe;help;completions' {
            break
        }
        'floe;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
