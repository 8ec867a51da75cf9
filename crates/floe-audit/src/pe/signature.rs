//! The signer that an Authenticode signature names (Microsoft, "Windows Authenticode Portable Executable Signature Format": a
//! `SignedData` of RFC 5652).

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier};
use der::{Decode as _, SliceReader};

use crate::text::printable;

/// The subject of the certificate that the first signer names. `None` if the signature is not in the form that signers write.
pub(super) fn signer(bytes: &[u8]) -> Option<String> {
    // Bytes that align the table follow the signature.
    let info = ContentInfo::decode(&mut SliceReader::new(bytes).ok()?).ok()?;
    let signed: SignedData = info.content.decode_as().ok()?;
    let SignerIdentifier::IssuerAndSerialNumber(id) = &signed.signer_infos.0.get(0)?.sid else {
        return None;
    };
    let mut certificates = signed.certificates.as_ref()?.0.iter().filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(&certificate.tbs_certificate),
        CertificateChoices::Other(_) => None,
    });
    let own =
        certificates.find(|one| (&one.issuer, &one.serial_number) == (&id.issuer, &id.serial_number))?;
    Some(printable(own.subject.to_string().as_bytes()))
}
