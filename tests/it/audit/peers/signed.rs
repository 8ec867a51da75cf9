//! Windows programs that another program signed.

use std::fs;

use floe_core::model::Target;

use super::facts_of;
use crate::support::binaries::binary;
use crate::support::peers::{peer, run};

#[test]
fn the_signer_of_a_windows_program_is_named() {
    let (Some(openssl), Some(osslsigncode)) = (peer("openssl"), peer("osslsigncode")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (subject, name) in [
        ("/CN=Acme Ltd.", "CN=Acme Ltd."),
        ("/O=Acme, Inc./CN=Tools", "CN=Tools,O=Acme\\, Inc."),
        ("/CN=Zoë", "CN=Zoë"),
    ] {
        let request =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-utf8", "-days", "2", "-subj", subject];
        let files = ["-keyout", &at("key.pem"), "-out", &at("certificate.pem")];
        run(&openssl, folder.path(), &[&request[..], &files].concat()).unwrap();
        for target in Target::all().filter(|target| target.exe == ".exe") {
            let _ = fs::remove_file(at("signed.exe"));
            fs::write(at("tool.exe"), binary(target, b"tool")).unwrap();
            let (key, certificate) = (at("key.pem"), at("certificate.pem"));
            let sign = [
                "sign",
                "-certs",
                &certificate,
                "-key",
                &key,
                "-in",
                &at("tool.exe"),
                "-out",
                &at("signed.exe"),
            ];
            run(&osslsigncode, folder.path(), &sign).unwrap();
            let (before, after) = (facts_of(at("tool.exe").as_ref()), facts_of(at("signed.exe").as_ref()));
            assert_eq!((before.signer(), after.signer().as_deref()), (None, Some(name)), "{target}");
            let pe = after.pe.unwrap();
            assert_eq!((pe.authenticode, pe.signer.as_deref()), (true, Some(name)), "{target}");

            // A changed signature is read without a panic, and no text of it is longer than a limit.
            let signed = fs::read(at("signed.exe")).unwrap();
            for offset in (before.size as usize..signed.len()).step_by(7) {
                let mut changed = signed.clone();
                changed[offset] ^= 0x55;
                if let Ok(facts) = floe_audit::facts(std::io::Cursor::new(&changed)) {
                    let signer = facts.pe.unwrap().signer.unwrap_or_default();
                    assert!(signer.len() < 1000, "{signer}");
                }
            }
        }
    }
}
