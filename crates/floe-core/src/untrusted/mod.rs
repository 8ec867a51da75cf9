//! Limits for untrusted input: how much of it is read, and what is checked first. A reader that is
//! missing in this table is a bug, and so is a test in `tests/it/hostile/` without a row.
//!
//! | input | trusted | limit | checked first, by |
//! |---|---|---|---|
//! | a dist: names and kinds of files | no | | regular files only, no link, no pipe, no stray; `dist` |
//! | an archive (tar.gz, ZIP) | no | 10,000 entries, 8 GiB, all of a release 16 GiB; in a dist the size by its record and 1 MiB; a ZIP's index 4 MiB | paths, kinds, modes, case, Windows devices, one gzip member, no data after the end; `archive::read`, `archive::names` |
//! | a record | no | 4 MiB | schema, then every field against the archive's bytes; [`crate::verify`] |
//! | an SBOM | no | 16 MiB | its digest by the record or the manifest, then program, version, target and the digests of the binaries; [`crate::model::sbom`] |
//! | the list of `cargo auditable` in a binary | no | 8 MiB after decompression | JSON of its format, else it says nothing; `floe_audit::dependency_list` |
//! | a signature of minisign | no | 64 KiB | its form, then the key of the project and the signed file; `minisign` |
//! | an OCI layout | no | a document 4 MiB, 32 platforms, 256 layers, 250,000 members, 10 GiB unpacked in all | every digest, size, media type and diff id; no key twice or in another case, no document of two kinds; no link, no unreferenced file; the program that it starts; `image::layout`, `image::strict`, `image::start` |
//! | a docker archive | no | a document 4 MiB, 256 layers, 250,000 members, 10 GiB | names, kinds, digests of layers; `image::docker_archive`, `image::tarball` |
//! | a tar in either | no | a name 4096 bytes, all 32 MiB, an extended header 1 MiB | no `..`, device, sparse file, second size, whiteout, setuid file, or data after the end; `image::tarball`, `image::rootfs` |
//! | a binary | no | streamed in pieces; 32 paths a kind | offsets and counts against its size; [`floe_audit`] |
//! | `Cargo.toml` through `cargo metadata`, git | as the user's own | | types of [`crate::model`]; `git status` runs no program that the repository's settings name; `project`, `git` |
//! | `CHANGELOG.md`, `--notes-file` | as the user's own | 16 MiB; of the notes 125,000 characters | UTF-8; [`crate::model::changelog`], [`crate::model::notes`] |
//! | CA certificates | as the user's own | 4 MiB | PEM, and no private key; `image::build` |
//! | arguments and the environment | as the user's own | | types of [`crate::model`], `address::Endpoint`; a receipt is written and never read |
//! | GitHub: answers | about its own state | 64 MiB, an error 256 KiB; a list 1000 pages or 100,000 entries; a minute | JSON of `github`; `Link` and `upload_url` only to the API's and the uploads' own hosts |
//! | GitHub: names, sizes and addresses of assets | no | 1000 assets, each below 2 GiB | names that can lie in one folder; addresses over TLS and not into this machine; `download` |
//! | a registry: answers | about its own state | 4 MiB, an error 256 KiB; a minute | the digest, wherever bytes come with one; `registry` |
//! | a registry: `WWW-Authenticate`, `Location` | no | a token 64 KiB | a token service of the registry's own site, or without a secret any over TLS, and not into this machine; uploads elsewhere over TLS and without the token |
//! | redirects | no | 5 | over TLS, no nearer to this machine, credentials stay with their origin; `address::Endpoint` |
//! | `Retry-After`, reset times | as the server's own | an hour | a longer wait ends the run; `retry` |
//! | downloads: assets, manifests, blobs | no | the promised size (GitHub's, the descriptor's), 4 MiB, 10 GiB an image; a minute and the time at 64 KiB a second | digests, then all of the above; `download`, `registry`, [`crate::verify::published`] |
//! | `SHA256SUMS`, a release manifest | no | 8 MiB | against each other and the bytes; its image is pulled without a secret unless the environment names that registry |
//! | an attestation (Sigstore bundle) | no | 2 MiB, 64 bundles a file, one signature, 8 log entries, 8 timestamps, 4096 subjects | format, kind of each entry, certificate, log, time; then identity, source and files; `attest` |
//! | a registry: what is attached to an image | no | 4 MiB, 8 attestations of 2 MiB | the digest that follows from the manifest; an attestation as above; `registry::referrers` |
//! | `--trusted-root` | as the user's own | 4 MiB | keys and certificates that can be used; `attest::roots` |
//! | text from any of these on a terminal, in a log, as JSON | no | 500 characters of a server's, 500 lines of problems | [`text`]; on the HTML page the template of `rehearse::page` |

pub mod bounded;
pub mod files;
pub mod text;
