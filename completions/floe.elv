
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
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand package 'Pack built binaries into archives, each with its record'
            cand audit 'Tell what binaries ask of the machines they run on, and whether strangers'' machines have it'
            cand image 'Make one multi-platform OCI image layout from static binaries or docker archives'
            cand plan 'Show what publish would do now and would be refused for, and change nothing'
            cand publish 'Publish a release: everything is staged unseen, then revealed at once'
            cand verify 'Check a dist before publishing, or a published release as a stranger'
            cand reproduce 'Compare a rebuild with what is published, and name what differs'
            cand rehearse 'Do the whole release of this project on this machine, with no account and no network'
            cand init 'Add the flake, the workflow and the other files of a release to this project'
            cand targets 'List the targets floe knows'
            cand completions 'Print shell completions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'floe;package'= {
            cand --target 'The target of the binaries given by --binary'
            cand --binary 'A built binary (may be repeated)'
            cand -o 'The folder the archives and records go to'
            cand --out 'The folder the archives and records go to'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --tag 'The tag that is released; its version must be the package''s'
            cand --commit 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;audit'= {
            cand --target 'The target whose rules apply [default: read from the binary]'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --json 'Print the facts and the verdict as JSON on stdout'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;image'= {
            cand --ca-certificates 'A file of CA certificates (PEM) to put at /etc/ssl/certs/ca-certificates.crt'
            cand -o 'The folder of the OCI image layout'
            cand --out 'The folder of the OCI image layout'
            cand --repo 'Where the image comes from, for its labels: owner/name [default: GITHUB_REPOSITORY, git, Cargo.toml]'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --tag 'The tag that is released; its version must be the package''s'
            cand --commit 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;plan'= {
            cand --target 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all]'
            cand --image 'The image''s name [default: `ghcr.io/OWNER/NAME`]'
            cand --notes-file 'A file with the text of the release notes, instead of the changelog or GitHub''s'
            cand --expect 'Take exactly the release whose SHA256SUMS has this digest, as `floe verify` printed it; nothing is unpacked again'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --tag 'The tag that is released; its version must be the package''s'
            cand --commit 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Where the image''s registry is reached [default: https:// and the host of the image''s name]'
            cand --tries 'How often a request is tried'
            cand --first-wait 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]'
            cand --no-image 'The release has no image'
            cand --json 'Print the plan as JSON on stdout'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;publish'= {
            cand --target 'A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all]'
            cand --image 'The image''s name [default: `ghcr.io/OWNER/NAME`]'
            cand --notes-file 'A file with the text of the release notes, instead of the changelog or GitHub''s'
            cand --expect 'Take exactly the release whose SHA256SUMS has this digest, as `floe verify` printed it; nothing is unpacked again'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --tag 'The tag that is released; its version must be the package''s'
            cand --commit 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Where the image''s registry is reached [default: https:// and the host of the image''s name]'
            cand --tries 'How often a request is tried'
            cand --first-wait 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]'
            cand --receipt 'Where the receipt is written, after every step'
            cand --no-image 'The release has no image'
            cand --json 'Print the receipt as JSON on stdout instead of the two lines'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;verify'= {
            cand --release 'The published release to check as a stranger, with no token where the repository is public'
            cand --keep 'Keep what was downloaded in this folder'
            cand --run 'Run each downloaded program that is for this machine with this argument, such as --run=--version'
            cand --target 'A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all]'
            cand --image 'The image''s name, if `floe publish` gets one: the digest of SHA256SUMS depends on it'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --tag 'The tag that is released; its version must be the package''s'
            cand --commit 'The commit the binaries were built from [default: git''s HEAD, if nothing is modified]'
            cand --epoch 'The time every file carries, in seconds since 1970 [default: the commit''s time, else 1980-01-01]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Where the image''s registry is reached [default: https:// and the host of the image''s name]'
            cand --tries 'How often a request is tried'
            cand --first-wait 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]'
            cand --no-image 'The release has no image'
            cand --json 'Print what was found as JSON on stdout'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;reproduce'= {
            cand --rebuilt 'A dist that was built again from the tag''s sources (may be repeated)'
            cand --statement 'Write the verdict as an in-toto statement, to be signed and published by whoever rebuilt'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --repo 'The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]'
            cand --server-url 'GitHub''s web address [default: `https://github.com`]'
            cand --api-url 'GitHub''s API [default: `https://api.github.com`]'
            cand --registry-url 'Where the image''s registry is reached [default: https:// and the host of the image''s name]'
            cand --tries 'How often a request is tried'
            cand --first-wait 'The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]'
            cand --json 'Print the comparison as JSON on stdout'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;rehearse'= {
            cand --with 'Who builds [default: nix if it is installed and the flake gives a `dist`, else cargo for this machine]'
            cand --faults 'Disturb the publishing by the faults that this number draws, and repeat it until it is done'
            cand -o 'The folder everything is left in [default: target/rehearsal]'
            cand --out 'The folder everything is left in [default: target/rehearsal]'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --exact 'Have Cargo build as for a release: the profile as it is, no paths of this machine [default: quickly, without LTO]'
            cand --keep 'Keep what the servers hold from the last rehearsal'
            cand --serve 'Keep the two servers up until Ctrl-C, and print their addresses'
            cand --json 'Print the summary as JSON on stdout'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;init'= {
            cand --target 'A target of the release (may be repeated) [default: all]'
            cand --pin 'The commit of this version of floe, which the workflow then calls instead of the tag'
            cand --manifest-path 'The Cargo.toml of the project [default: the one of this folder]'
            cand -p 'The package of the workspace [default: the only one with a binary]'
            cand --package 'The package of the workspace [default: the only one with a binary]'
            cand --check 'Write nothing, and report how files have drifted from floe''s templates'
            cand -y 'Write without asking; required if there is no terminal to ask on'
            cand --yes 'Write without asking; required if there is no terminal to ask on'
            cand --force 'Replace a flake or workflow of other content, if git has committed it'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;targets'= {
            cand --json 'Print the Actions matrix as JSON'
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;completions'= {
            cand -v 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand --verbose 'Say more: requests, retries, what was skipped (-vv for each request)'
            cand -q 'Say nothing but results and errors'
            cand --quiet 'Say nothing but results and errors'
            cand --strict 'Treat warnings as errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'floe;help'= {
            cand package 'Pack built binaries into archives, each with its record'
            cand audit 'Tell what binaries ask of the machines they run on, and whether strangers'' machines have it'
            cand image 'Make one multi-platform OCI image layout from static binaries or docker archives'
            cand plan 'Show what publish would do now and would be refused for, and change nothing'
            cand publish 'Publish a release: everything is staged unseen, then revealed at once'
            cand verify 'Check a dist before publishing, or a published release as a stranger'
            cand reproduce 'Compare a rebuild with what is published, and name what differs'
            cand rehearse 'Do the whole release of this project on this machine, with no account and no network'
            cand init 'Add the flake, the workflow and the other files of a release to this project'
            cand targets 'List the targets floe knows'
            cand completions 'Print shell completions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'floe;help;package'= {
        }
        &'floe;help;audit'= {
        }
        &'floe;help;image'= {
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
