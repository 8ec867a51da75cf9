//! The signer that an Authenticode signature names (Microsoft, "Windows Authenticode Portable Executable Signature Format": a
//! `SignedData` of RFC 5652).

use cms::cert::CertificateChoices;
use cms::cert::x509::attr::AttributeTypeAndValue;
use cms::cert::x509::name::{Name, RelativeDistinguishedName};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier};
use der::{Decode as _, Encode as _, SliceReader, Tag, Tagged as _};

use crate::text::printable;

/// The names of the types of attributes that certificates have, as the table of `x509-cert` writes them. That table has a
/// thousand, and the program would hold them all.
const NAMES: &str = "CN=2.5.4.3 SN=2.5.4.4 SERIALNUMBER=2.5.4.5 C=2.5.4.6 L=2.5.4.7 ST=2.5.4.8 STREET=2.5.4.9 O=2.5.4.10 \
     OU=2.5.4.11 TITLE=2.5.4.12 DESCRIPTION=2.5.4.13 BUSINESSCATEGORY=2.5.4.15 POSTALADDRESS=2.5.4.16 POSTALCODE=2.5.4.17 \
     POSTOFFICEBOX=2.5.4.18 TELEPHONENUMBER=2.5.4.20 NAME=2.5.4.41 GIVENNAME=2.5.4.42 INITIALS=2.5.4.43 \
     GENERATIONQUALIFIER=2.5.4.44 X500UNIQUEIDENTIFIER=2.5.4.45 DNQUALIFIER=2.5.4.46 PSEUDONYM=2.5.4.65 \
     UID=0.9.2342.19200300.100.1.1 MAIL=0.9.2342.19200300.100.1.3 DC=0.9.2342.19200300.100.1.25 \
     EMAIL=1.2.840.113549.1.9.1";

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
    Some(printable(in_words(&own.subject).as_bytes()))
}

/// A name as RFC 4514 writes it: its parts from the last to the first.
fn in_words(name: &Name) -> String {
    let part = |part: &RelativeDistinguishedName| part.0.iter().map(attribute).collect::<Vec<_>>().join("+");
    name.0.iter().rev().map(part).collect::<Vec<_>>().join(",")
}

fn attribute(one: &AttributeTypeAndValue) -> String {
    let (kind, tag) = (one.oid.to_string(), one.value.tag());
    let name = NAMES.split(' ').find_map(|name| name.strip_suffix(&kind)?.strip_suffix('='));
    let is_text = matches!(tag, Tag::PrintableString | Tag::Utf8String | Tag::Ia5String | Tag::TeletexString);
    let text = std::str::from_utf8(one.value.value()).ok().filter(|_| is_text);
    let (Some(name), Some(text)) = (name, text) else {
        let bytes = one.value.to_der().unwrap_or_default();
        return format!("{kind}=#{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    };
    let escaped = text.char_indices().map(|(at, letter)| match letter {
        '"' | '+' | ',' | ';' | '<' | '>' | '\\' => format!("\\{letter}"),
        '#' if at == 0 => format!("\\{letter}"),
        ' ' if at == 0 || at + 1 == text.len() => format!("\\{letter}"),
        '\0'..='\x1f' | '\x7f' => format!("\\{:02x}", u32::from(letter)),
        _ => letter.to_string(),
    });
    format!("{name}={}", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use cms::cert::x509::der::Any;

    use super::*;

    fn part(kind: &str, tag: Tag, text: &[u8]) -> RelativeDistinguishedName {
        let value = Any::new(tag, text).unwrap();
        let one = AttributeTypeAndValue { oid: kind.parse().unwrap(), value };
        RelativeDistinguishedName(vec![one].try_into().unwrap())
    }

    #[test]
    fn a_name_is_written_as_the_crate_writes_it() {
        let all = NAMES.split(' ').map(|name| part(name.split_once('=').unwrap().1, Tag::Utf8String, b"x"));
        let mut parts: Vec<_> = all.collect();
        for text in ["Acme, Inc.", "#a", " \\\"<a>\" + b;c ", "Zo\u{eb}", "a\0\n\u{7f}#", "", " "] {
            parts.push(part("2.5.4.3", Tag::Utf8String, text.as_bytes()));
        }
        parts.push(part("2.5.4.6", Tag::PrintableString, b"DE"));
        parts.push(part("1.3.6.1.4.1.311.60.2.1.3", Tag::PrintableString, b"US"));
        parts.push(part("2.5.4.3", Tag::BmpString, b"\0a"));
        parts.push(part("2.5.4.3", Tag::TeletexString, b"\xeb"));
        parts.push("CN=one+OU=two".parse().unwrap());
        let name = Name::from(parts);
        assert_eq!(in_words(&name), name.to_string());
        assert!(in_words(&name).contains(",CN=Acme\\, Inc.,"), "{}", in_words(&name));
    }
}
