
use builtin;
use str;

set edit:completion:arg-completer[floe] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'floe'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'floe'= {
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand package 'Pack built binaries into archives, each with a record of its content (JSON)'
            cand audit 'Report what binaries need from their host and whether common hosts provide it'
            cand image 'Build a multi-platform OCI image layout from static binaries or docker archives'
            cand assemble 'Join what several machines built into one dist, which is planned and published without its project'
            cand plan 'Show the steps that publish would take, and check whether a server would refuse them'
            cand publish 'Publish a release: stage everything in private, then make it public at once'
            cand verify 'Check a dist before publishing, or a published release as users download it'
            cand reproduce 'Compare a rebuild with the published release, and list the differences'
            cand rehearse 'Run a whole release of this project on this machine, without an account or a network'
            cand init 'Add the flake, the workflow and the other release files to this project'
            cand targets 'List the supported targets'
            cand completions 'Print shell completions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'floe;package'= {
            cand --target 'The target of the binaries that --binary names'
            cand --binary 'A built binary (may be repeated)'
            cand --documents 'A folder with `completions/` and `man/` that the build made, for the archive'
            cand -o 'Output folder for archives and records'
            cand --out 'Output folder for archives and records'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --tag 'The tag to release; it must name the version of the package'
            cand --commit 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;audit'= {
            cand --target 'Apply the rules of this target [default: read from the binary]'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --json 'Print the facts and the verdict as JSON on stdout'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;image'= {
            cand --ca-certificates 'CA certificates (PEM) to place at /etc/ssl/certs/ca-certificates.crt'
            cand -o 'Output folder for the OCI image layout'
            cand --out 'Output folder for the OCI image layout'
            cand --repo 'The repository for the image''s labels [default: GITHUB_REPOSITORY, git, Cargo.toml]'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --tag 'The tag to release; it must name the version of the package'
            cand --commit 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;assemble'= {
            cand --target 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all]'
            cand --image 'The image''s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]'
            cand --notes-file 'Read the release notes from this file, not from the changelog or GitHub'
            cand --expect 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --tag 'The tag to release; it must name the version of the package'
            cand --commit 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Address of the image''s registry [default: https:// and the host of the image''s name]'
            cand --tries 'Attempts for each request, the first included'
            cand --first-wait 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]'
            cand -o 'Output folder, which must be new or empty'
            cand --out 'Output folder, which must be new or empty'
            cand --inputs 'Inputs of the workflow as JSON; those that change a build are named in the manifest'
            cand --no-image 'The release has no image'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;plan'= {
            cand --target 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]'
            cand --image 'The image''s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]'
            cand --notes-file 'Read the release notes from this file, not from the changelog or GitHub'
            cand --expect 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --tag 'The tag to release; it must name the version of the package'
            cand --commit 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Address of the image''s registry [default: https:// and the host of the image''s name]'
            cand --tries 'Attempts for each request, the first included'
            cand --first-wait 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]'
            cand --no-image 'The release has no image'
            cand --read-only 'Ask only what a token that may read can answer; drafts and permissions are reported as not asked'
            cand --from-tag 'Fail unless this workflow runs for the tag and its commit, which are what its signatures name'
            cand --json 'Print the plan as JSON on stdout'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;publish'= {
            cand --target 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]'
            cand --image 'The image''s name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]'
            cand --notes-file 'Read the release notes from this file, not from the changelog or GitHub'
            cand --expect 'Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --tag 'The tag to release; it must name the version of the package'
            cand --commit 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Address of the image''s registry [default: https:// and the host of the image''s name]'
            cand --tries 'Attempts for each request, the first included'
            cand --first-wait 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]'
            cand --receipt 'Write the receipt to this file, after every step'
            cand --no-image 'The release has no image'
            cand --json 'Print the receipt as JSON on stdout instead of the two lines'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;verify'= {
            cand --release 'Download and check the published release of this tag, without a token if the repository is public'
            cand --keep 'Keep the downloaded files in this folder, which must be new or empty'
            cand --run 'After verifying, run each program for this machine with this argument, such as --run=--version'
            cand --target 'A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]'
            cand --image 'The image''s name, if it is not the default: SHA256SUMS depends on it, and a published image must have it'
            cand --expect 'Fail unless SHA256SUMS has this digest, before any downloaded program is run'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --tag 'The tag to release; it must name the version of the package'
            cand --commit 'The commit that the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'Modification time of every file, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Address of the image''s registry [default: https:// and the host of the image''s name]'
            cand --tries 'Attempts for each request, the first included'
            cand --first-wait 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]'
            cand --no-image 'The release has no image'
            cand --json 'Print the result as JSON on stdout'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;reproduce'= {
            cand --rebuilt 'A dist rebuilt from the tag''s sources (may be repeated)'
            cand --statement 'Write the result as an in-toto statement, ready to be signed'
            cand --image 'The published image''s name, if the image does not belong to the repository''s owner'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Address of the image''s registry [default: https:// and the host of the image''s name]'
            cand --tries 'Attempts for each request, the first included'
            cand --first-wait 'The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]'
            cand --json 'Print the comparison as JSON on stdout'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;rehearse'= {
            cand --with 'The builder [default: nix if it is installed and the flake has a `dist`, else cargo]'
            cand --faults 'Inject faults chosen by this seed while publishing, and publish again until it succeeds'
            cand -o 'Output folder [default: target/rehearsal]'
            cand --out 'Output folder [default: target/rehearsal]'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --exact 'Build with the project''s release profile and without paths of this machine [default: quickly, without LTO]'
            cand --keep 'Publish to the servers of the last rehearsal, with the state that they have'
            cand --serve 'Keep both servers running until Ctrl-C, and print their addresses'
            cand --json 'Print the summary as JSON on stdout'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;init'= {
            cand --target 'A target of the release (may be repeated) [default: all but the optional ones]'
            cand --floe-url 'The flake reference of floe, on GitHub [default: where this floe was published]'
            cand --pin 'Pin the workflow to this commit of floe instead of its tag'
            cand --manifest-path 'Path to the project''s Cargo.toml [default: found from the current folder]'
            cand -p 'The Cargo package to release [default: the only one with a binary]'
            cand --package 'The Cargo package to release [default: the only one with a binary]'
            cand --check 'Write nothing; report how files differ from floe''s templates'
            cand --json 'Print the result of `--check` as JSON on stdout'
            cand -y 'Write without asking; required without a terminal'
            cand --yes 'Write without asking; required without a terminal'
            cand --force 'Replace a flake or workflow with other content, if it is committed'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;targets'= {
            cand --json 'Print the build matrix for GitHub Actions as JSON'
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;completions'= {
            cand -v 'Show requests, retries and skipped steps (-vv: each request)'
            cand --verbose 'Show requests, retries and skipped steps (-vv: each request)'
            cand -q 'Show only results and errors'
            cand --quiet 'Show only results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;help'= {
            cand package 'Pack built binaries into archives, each with a record of its content (JSON)'
            cand audit 'Report what binaries need from their host and whether common hosts provide it'
            cand image 'Build a multi-platform OCI image layout from static binaries or docker archives'
            cand assemble 'Join what several machines built into one dist, which is planned and published without its project'
            cand plan 'Show the steps that publish would take, and check whether a server would refuse them'
            cand publish 'Publish a release: stage everything in private, then make it public at once'
            cand verify 'Check a dist before publishing, or a published release as users download it'
            cand reproduce 'Compare a rebuild with the published release, and list the differences'
            cand rehearse 'Run a whole release of this project on this machine, without an account or a network'
            cand init 'Add the flake, the workflow and the other release files to this project'
            cand targets 'List the supported targets'
            cand completions 'Print shell completions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'floe;help;package'= {
        }
        &'floe;help;audit'= {
        }
        &'floe;help;image'= {
        }
        &'floe;help;assemble'= {
        }
        &'floe;help;plan'= {
        }
        &'floe;help;publish'= {
        }
        &'floe;help;verify'= {
        }
        &'floe;help;reproduce'= {
        }
        &'floe;help;rehearse'= {
        }
        &'floe;help;init'= {
        }
        &'floe;help;targets'= {
        }
        &'floe;help;completions'= {
        }
        &'floe;help;help'= {
        }
    ]
    $completions[$command]
}
