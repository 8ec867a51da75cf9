
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
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('package', 'package', [CompletionResultType]::ParameterValue, 'Pack built binaries into archives, each with its record')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Tell what binaries ask of the machines they run on, and whether strangers'' machines have it')
            [CompletionResult]::new('image', 'image', [CompletionResultType]::ParameterValue, 'Make one multi-platform OCI image layout from static binaries or docker archives')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what publish would do now and would be refused for, and change nothing')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publish a release: everything is staged unseen, then revealed at once')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check a dist before publishing, or a published release as a stranger')
            [CompletionResult]::new('reproduce', 'reproduce', [CompletionResultType]::ParameterValue, 'Compare a rebuild with what is published, and name what differs')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Do the whole release of this project on this machine, with no account and no network')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Add the flake, the workflow and the other files of a release to this project')
            [CompletionResult]::new('targets', 'targets', [CompletionResultType]::ParameterValue, 'List the targets floe knows')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'floe;package' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The target of the binaries given by --binary')
            [CompletionResult]::new('--binary', '--binary', [CompletionResultType]::ParameterName, 'A built binary (may be repeated)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The folder the archives and records go to')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder the archives and records go to')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag that is released; its version must be the package''s')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;audit' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The target whose rules apply [default: read from the binary]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the facts and the verdict as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;image' {
            [CompletionResult]::new('--ca-certificates', '--ca-certificates', [CompletionResultType]::ParameterName, 'A file of CA certificates (PEM) to put at /etc/ssl/certs/ca-certificates.crt')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The folder of the OCI image layout')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder of the OCI image layout')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'Where the image comes from, for its labels: owner/name [default: GITHUB_REPOSITORY, git, Cargo.toml]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag that is released; its version must be the package''s')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;plan' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name [default: `ghcr.io/OWNER/NAME`]')
            [CompletionResult]::new('--notes-file', '--notes-file', [CompletionResultType]::ParameterName, 'A file with the text of the release notes, instead of the changelog or GitHub''s')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Take exactly the release whose SHA256SUMS has this digest, as `floe verify` printed it; nothing is unpacked again')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag that is released; its version must be the package''s')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where the image''s registry is reached [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'How often a request is tried')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the plan as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;publish' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name [default: `ghcr.io/OWNER/NAME`]')
            [CompletionResult]::new('--notes-file', '--notes-file', [CompletionResultType]::ParameterName, 'A file with the text of the release notes, instead of the changelog or GitHub''s')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Take exactly the release whose SHA256SUMS has this digest, as `floe verify` printed it; nothing is unpacked again')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag that is released; its version must be the package''s')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where the image''s registry is reached [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'How often a request is tried')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]')
            [CompletionResult]::new('--receipt', '--receipt', [CompletionResultType]::ParameterName, 'Where the receipt is written, after every step')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the receipt as JSON on stdout instead of the two lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;verify' {
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'The published release to check as a stranger, with no token where the repository is public')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep what was downloaded in this folder')
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'Run each downloaded program that is for this machine with this argument, such as --run=--version')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image''s name, if `floe publish` gets one: the digest of SHA256SUMS depends on it')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The tag that is released; its version must be the package''s')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where the image''s registry is reached [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'How often a request is tried')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]')
            [CompletionResult]::new('--no-image', '--no-image', [CompletionResultType]::ParameterName, 'The release has no image')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print what was found as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;reproduce' {
            [CompletionResult]::new('--rebuilt', '--rebuilt', [CompletionResultType]::ParameterName, 'A dist that was built again from the tag''s sources (may be repeated)')
            [CompletionResult]::new('--statement', '--statement', [CompletionResultType]::ParameterName, 'Write the verdict as an in-toto statement, to be signed and published by whoever rebuilt')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--repo', '--repo', [CompletionResultType]::ParameterName, 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]')
            [CompletionResult]::new('--server-url', '--server-url', [CompletionResultType]::ParameterName, 'GitHub''s web address [default: `https://github.com`]')
            [CompletionResult]::new('--api-url', '--api-url', [CompletionResultType]::ParameterName, 'GitHub''s API [default: `https://api.github.com`]')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where the image''s registry is reached [default: https:// and the host of the image''s name]')
            [CompletionResult]::new('--tries', '--tries', [CompletionResultType]::ParameterName, 'How often a request is tried')
            [CompletionResult]::new('--first-wait', '--first-wait', [CompletionResultType]::ParameterName, 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the comparison as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;rehearse' {
            [CompletionResult]::new('--with', '--with', [CompletionResultType]::ParameterName, 'Who builds [default: nix if it is installed and the flake gives a `dist`, else cargo for this machine]')
            [CompletionResult]::new('--faults', '--faults', [CompletionResultType]::ParameterName, 'Disturb the publishing by the faults that this number draws, and repeat it until it is done')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The folder everything is left in [default: target/rehearsal]')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder everything is left in [default: target/rehearsal]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--exact', '--exact', [CompletionResultType]::ParameterName, 'Have Cargo build as for a release: the profile as it is, no paths of this machine [default: quickly, without LTO]')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep what the servers hold from the last rehearsal')
            [CompletionResult]::new('--serve', '--serve', [CompletionResultType]::ParameterName, 'Keep the two servers up until Ctrl-C, and print their addresses')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the summary as JSON on stdout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;init' {
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'A target of the release (may be repeated) [default: all]')
            [CompletionResult]::new('--pin', '--pin', [CompletionResultType]::ParameterName, 'The commit of this version of floe, which the workflow then calls instead of the tag')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'The Cargo.toml of the project [default: the one of this folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'The package of the workspace [default: the only one with a binary]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing, and report how files have drifted from floe''s templates')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Write without asking; required if there is no terminal to ask on')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Write without asking; required if there is no terminal to ask on')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a flake or workflow of other content, if git has committed it')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;targets' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the Actions matrix as JSON')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;completions' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: requests, retries, what was skipped (-vv for each request)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but results and errors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat warnings as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'floe;help' {
            [CompletionResult]::new('package', 'package', [CompletionResultType]::ParameterValue, 'Pack built binaries into archives, each with its record')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Tell what binaries ask of the machines they run on, and whether strangers'' machines have it')
            [CompletionResult]::new('image', 'image', [CompletionResultType]::ParameterValue, 'Make one multi-platform OCI image layout from static binaries or docker archives')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what publish would do now and would be refused for, and change nothing')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publish a release: everything is staged unseen, then revealed at once')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check a dist before publishing, or a published release as a stranger')
            [CompletionResult]::new('reproduce', 'reproduce', [CompletionResultType]::ParameterValue, 'Compare a rebuild with what is published, and name what differs')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Do the whole release of this project on this machine, with no account and no network')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Add the flake, the workflow and the other files of a release to this project')
            [CompletionResult]::new('targets', 'targets', [CompletionResultType]::ParameterValue, 'List the targets floe knows')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
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
        'floe;help;plan' {
            break
        }
        'floe;help;publish' {
            break
        }
        'floe;help;verify' {
            break
        }
        'floe;help;reproduce' {
            break
        }
        'floe;help;rehearse' {
            break
        }
        'floe;help;init' {
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
