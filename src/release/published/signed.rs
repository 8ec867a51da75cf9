//! Who signed a published release: the workflow that built it, and GitHub, which published it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attest::{Authentic, Expected, Immutable, Subjects, Unproven};
use crate::release::trust::Trust;
use floe_core::model::Digest;
use floe_core::model::release::ATTESTATION;
use floe_core::verify::published::Download;

/// Who signed, as far as it is known. It is never called signed unless everything was checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Signature {
    /// Everything was checked.
    Signed {
        /// The workflow, the repository and the ref.
        by: String,
        /// The run, the machine, the time and the log.
        run: String,
        /// The commit that was built.
        commit: Option<String>,
    },
    /// There is no attestation.
    NotSigned,
    /// There is one, and it could not be checked.
    NotChecked {
        /// The reason.
        why: String,
        /// The way out.
        #[serde(skip)]
        hint: &'static str,
    },
}

/// GitHub's statement about an immutable release.
pub enum Immutability {
    /// GitHub signed it.
    Signed,
    /// The release can still be changed.
    Mutable,
    /// GitHub's signature could not be checked.
    NotChecked(String),
}

impl Signature {
    /// Who signed a release. Everything that is wrong about it is added to the problems.
    pub fn of(download: &Download, trust: &Trust, is_required: bool, problems: &mut Vec<String>) -> Self {
        // Without a manifest nothing says what the release is, which is a problem already.
        let Ok(manifest) = &download.manifest else { return Signature::NotSigned };
        let bundle = match &download.bundle {
            Some(Ok(bundle)) => bundle,
            Some(Err(why)) => {
                problems.push(format!("the attestation `{ATTESTATION}` cannot be read: {why}"));
                return Signature::NotSigned;
            }
            None => {
                problems.extend(is_required.then(|| match manifest.attested {
                    true => {
                        format!(
                            "the manifest promises a signature that is not there: `{ATTESTATION}` is missing"
                        )
                    }
                    false => format!("the release is not signed: it has no `{ATTESTATION}`"),
                }));
                return Signature::NotSigned;
            }
        };
        let files = download.files.iter().map(|file| (file.name.clone(), file.digest));
        let image = manifest.image.iter().map(|image| (image.name.to_string(), image.digest));
        let expected = Expected {
            repo: &download.request.repo,
            tag: Some(&download.request.tag),
            commit: Some(&manifest.commit),
            signer: trust.signer.as_ref(),
            subjects: Subjects::All(files.chain(image).collect()),
        };
        let found = match trust.check(bundle, &expected) {
            Ok(found) => found,
            Err(Unproven::NotChecked { why, hint }) => return Signature::NotChecked { why, hint },
            Err(Unproven::Wrong(whys)) => {
                problems.extend(whys.iter().map(|why| format!("the attestation is wrong: {why}")));
                return Signature::NotSigned;
            }
        };
        let attached = download.image.as_ref().and_then(|image| image.attached.as_ref()?.instead.as_ref());
        // An attestation of another run counts.
        let is_right = |bundle: &Vec<u8>| trust.check(bundle, &expected).is_ok();
        if attached.is_some_and(|instead| !instead.iter().any(is_right)) {
            problems.push(format!("`{ATTESTATION}` is not attached to the image, although the manifest promises it, nor is another attestation of these files"));
        }
        Signature::from(&found)
    }

    /// The words after `verified`.
    pub fn state(&self) -> &'static str {
        match self {
            Signature::Signed { .. } => ", signed",
            Signature::NotSigned => ", not signed",
            Signature::NotChecked { .. } => ", but the signature was not checked",
        }
    }

    /// The same in lines, for people.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Signature::Signed { by, run, .. } => vec![by.clone(), run.clone()],
            Signature::NotSigned => vec!["not signed: nothing proves who built these files".to_owned()],
            Signature::NotChecked { why, .. } => vec![format!("not checked: {why}")],
        }
    }
}

impl From<&Authentic> for Signature {
    fn from(found: &Authentic) -> Self {
        let commit = found.claims.source_repository_digest.clone();
        Signature::Signed { by: found.by(), run: found.run(), commit }
    }
}

impl Immutability {
    /// GitHub's answer about a release. Everything that is wrong about it is added to the problems.
    pub fn of(download: &Download, trust: &Trust, problems: &mut Vec<String>) -> Self {
        let bundles = match &download.by_github {
            None => return Immutability::Mutable,
            Some(Err(why)) => return Immutability::NotChecked(why.clone()),
            Some(Ok(bundles)) => bundles,
        };
        let Some(commit) = &download.commit else { return Immutability::Mutable };
        let digest = |name: &str| download.file(name).map(|file| file.digest);
        let listed = download.release.assets.iter();
        let assets: BTreeMap<String, Option<Digest>> =
            listed.map(|asset| (asset.name.clone(), digest(&asset.name).or(asset.digest))).collect();
        let (repo, tag) = (&download.request.repo, &download.request.tag);
        let expected = Immutable { repo, tag, commit, assets: &assets };
        let (mut wrong, mut unknown) = (Vec::new(), None);
        for bundle in bundles {
            let whys = match trust.authenticate(bundle) {
                Ok(found) => expected.problems(&found),
                Err(Unproven::Wrong(whys)) => whys,
                Err(Unproven::NotChecked { why, .. }) => {
                    unknown = Some(why);
                    continue;
                }
            };
            // Another release may hold the same file, so one that fits is enough.
            if whys.is_empty() {
                return Immutability::Signed;
            }
            wrong.extend(whys.iter().map(|why| format!("GitHub's signature of the release is wrong: {why}")));
        }
        problems.extend(wrong);
        let why = unknown.unwrap_or_else(|| "GitHub has no signature of this immutable release".to_owned());
        Immutability::NotChecked(why)
    }

    pub(super) fn line(&self) -> String {
        let line = match self {
            Immutability::Signed => "GitHub signed this release: these assets, this tag, this commit",
            Immutability::Mutable => "no: whoever may push to the repository can change this release",
            Immutability::NotChecked(why) => return format!("not checked: {why}"),
        };
        line.to_owned()
    }
}
