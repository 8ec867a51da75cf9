//! The border: what comes in from elsewhere, how much of it is read, and what is checked before it is believed. A reader
//! that is not in this table is a mistake, and so is one in `tests/it/hostile/` that no row speaks of.
//!
//! | what comes in | believed from | limit | checked first, by |
//! |---|---|---|---|
//! | a dist: names and kinds of files | nobody | | regular files only, no link, no pipe, no stray; `dist` |
//! | an archive (tar.gz, ZIP) | nobody | 10,000 entries, 8 GiB; in a dist what its record says and 1 MiB; a ZIP's index 4 MiB | paths, kinds, modes, case, devices of Windows, one gzip member, nothing behind the end; `archive::read`, `archive::names` |
//! | a record | nobody | 4 MiB | schema, then every word of it against the archive's bytes; [`crate::verify`] |
//! | an OCI layout | nobody | a document 4 MiB, 32 platforms, 256 layers, 250,000 members, 10 GiB unpacked in all | every digest, size, media type and diff id; no name twice or in another case, no document of two kinds; no link, nothing unnamed; `oci::layout`, `oci::strict` |
//! | a docker archive | nobody | a document 4 MiB, 256 layers, 250,000 members, 10 GiB | names, kinds, digests of layers; `oci::docker_archive`, `oci::tarball` |
//! | a tar in either | nobody | a name 4096 bytes, all 32 MiB, an extended header 1 MiB | no `..`, device, sparse file, second size, or tail; `oci::tarball`, `oci::rootfs` |
//! | a binary | nobody | streamed in pieces; 32 paths a kind | offsets and counts against its size; [`floe_audit`] |
//! | `Cargo.toml` through `cargo metadata`, git | whoever runs floe | | types of [`crate::model`]; no program that the repository's settings name is run for `git status`; `project`, `git` |
//! | `CHANGELOG.md`, `--notes-file` | whoever runs floe | 16 MiB; of the notes 125,000 characters | UTF-8; [`crate::model::notes`] |
//! | CA certificates | whoever runs floe | 4 MiB | PEM, and no private key; `oci::build` |
//! | arguments and the environment | whoever runs floe | | types of [`crate::model`], `address::server`; a receipt is written and never read |
//! | GitHub: answers | GitHub, about its own state | 64 MiB, behind an error 256 KiB; a list 1000 pages or 100,000 entries; a minute | JSON of `github`; `Link` and `upload_url` only to the API's and the uploads' own hosts |
//! | GitHub: names, sizes and addresses of assets | nobody | 1000 assets, each below 2 GiB | names that can lie in one folder; addresses over TLS and not into this machine; `io::stranger` |
//! | a registry: answers | the registry, about its own state | 4 MiB, behind an error 256 KiB; a minute | a digest is compared wherever bytes come with it; `registry` |
//! | a registry: `WWW-Authenticate`, `Location` | nobody | a token 64 KiB | a token service of the registry's own site; uploads elsewhere over TLS and without the token |
//! | redirects | nobody | 5 | over TLS, not into this machine, without secrets; `address::redirects` |
//! | `Retry-After`, reset times | the server that asks | an hour | a longer wait ends the run; `retry` |
//! | downloads: assets, manifests, blobs | nobody | what was promised: GitHub's size, the descriptor's size, 4 MiB, 10 GiB an image; a minute and what the bytes take at 64 KiB a second | digests, then all of the above; `io::stranger`, [`crate::verify::published`] |
//! | `SHA256SUMS`, a release manifest | nobody | 8 MiB | against each other and the bytes; its image is pulled without a secret unless the environment means that registry |
//! | any of these words on a terminal, in a log, as JSON | nobody | 500 characters of a server's, 500 lines of problems | [`text`]; on the HTML page `rehearsal::page::html` |
//!
//! One reader has no limit of ours: `oci-client` reads an error that comes in a blob's stead, and the answer of a token
//! service that a stranger asks, whole.

pub mod files;
pub mod text;
