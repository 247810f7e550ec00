//! Encrypted inputs, whole, cut and changed.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use nodebundle_bundle::age::{
    CHUNK_BYTES, INTRO, TAG_BYTES, X25519_INFO, aead, chunk_nonce, derive,
};
use nodebundle_bundle::reader::{Keys, ReadError, ReadSummary, read};
use nodebundle_bundle::{Control, Input, Limits};
use ring::aead::{Aad, Nonce};
use ring::hmac;
use std::io::{Seek as _, SeekFrom, Write as _};

/// Made with `age-keygen` for these tests.
const IDENTITY: &str = "AGE-SECRET-KEY-12W6Q9M6JZVXCC80V77Z3WX5CAG2U2U70NQMW8PL8F6GXN64YPU6SE5NSYN";
const RECIPIENT: &str = "age1y9rt53usgw29rmm77zchn9kde0s8k7yhy2n6as5jhwkv09jgrexqgffqtz";

fn ours() -> Identities {
    Identities::parse(&format!("# created: 2024\n\n{IDENTITY}\n")).unwrap()
}

fn other() -> Identities {
    let secret = StaticSecret::from([9; 32]);
    let public = PublicKey::from(&secret);
    Identities(vec![Identity { secret, public }])
}

fn stanza(public: &PublicKey, file_key: &[u8]) -> String {
    let ephemeral = StaticSecret::from([5; 32]);
    let share = PublicKey::from(&ephemeral);
    let shared = ephemeral.diffie_hellman(public);
    let salt = [share.to_bytes(), public.to_bytes()].concat();
    let wrap = derive(&salt, shared.as_bytes(), X25519_INFO).unwrap();
    let mut body = file_key.to_vec();
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let key = aead(&wrap).unwrap();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut body)
        .unwrap();
    let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
    format!(
        "-> X25519 {}\n{}\n",
        encode(share.as_bytes()),
        encode(&body)
    )
}

/// A file with these stanzas before the one for [`ours`].
fn sealed_after(stanzas: &str, plain: &[u8]) -> Vec<u8> {
    let (file_key, nonce) = ([3; 16], [4; 16]);
    let mut text = format!(
        "{INTRO}{stanzas}{}---",
        stanza(&ours().0[0].public, &file_key)
    );
    let mac_key = derive(&[], &file_key, b"header").unwrap();
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &mac_key),
        text.as_bytes(),
    );
    text.push(' ');
    text.push_str(&STANDARD_NO_PAD.encode(mac));
    text.push('\n');
    let mut file = [text.as_bytes(), &nonce].concat();
    let key = aead(&derive(&nonce, &file_key, b"payload").unwrap()).unwrap();
    let chunks: Vec<&[u8]> = plain.chunks(CHUNK_BYTES).collect();
    let chunks = if chunks.is_empty() {
        vec![&[][..]]
    } else {
        chunks
    };
    for (at, chunk) in chunks.iter().enumerate() {
        let mut chunk = chunk.to_vec();
        let nonce = chunk_nonce(at as u64, at + 1 == chunks.len());
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut chunk)
            .unwrap();
        file.extend(chunk);
    }
    file
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    sealed_after("", plain)
}

fn armored(file: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(file);
    let mut out = String::from("-----BEGIN AGE ENCRYPTED FILE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(std::str::from_utf8(line).unwrap());
        out.push('\n');
    }
    out.push_str("-----END AGE ENCRYPTED FILE-----\n");
    out.into_bytes()
}

fn log(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|line| format!("line {line} of a log\n").into_bytes())
        .collect()
}

type Entries = Vec<(String, Vec<u8>)>;

/// Entries that could be read to their end, or as far as they are.
fn entries(file: Vec<u8>, keys: Identities) -> Result<(Entries, ReadSummary), ReadError> {
    let held = Input::Held {
        name: "-".into(),
        bytes: file.into(),
    };
    let mut entries = Vec::new();
    let keyed = held.with_keys(Keys::new(keys));
    let summary = read(&keyed, &Limits::default(), &mut |head, body| {
        let mut content = Vec::new();
        let mut piece = [0; 1000];
        while let Ok(read @ 1..) = body.read(&mut piece) {
            content.extend_from_slice(&piece[..read]);
        }
        entries.push((head.name.to_owned(), content));
        Control::Continue
    })?;
    Ok((entries, summary))
}

#[test]
fn identities_are_read_and_wrong_ones_are_told_without_repeating_them() {
    assert_eq!(ours().0[0].public, recipient());
    let problem = |text: &str| Identities::parse(text).unwrap_err();
    assert_eq!(problem("# nothing\n"), IdentityError::None);
    assert_eq!(problem(RECIPIENT), IdentityError::Recipient(1));
    assert_eq!(
        problem("-----BEGIN OPENSSH PRIVATE KEY-----"),
        IdentityError::Kind(1)
    );
    let cut = IDENTITY.split_at(40).0;
    let message = problem(&format!("#\n{cut}")).to_string();
    assert!(message.contains("line 2"), "{message}");
    assert!(!message.contains("2W6Q9M6J"), "{message}");
    assert_eq!(format!("{:?}", ours()), "Identities(1)");
}

fn recipient() -> PublicKey {
    let (_, bytes) = bech32::decode(RECIPIENT).unwrap();
    PublicKey::from(<[u8; 32]>::try_from(bytes).unwrap())
}

#[test]
fn a_log_is_opened_as_bytes_and_as_text_of_any_length() {
    for lines in [0, 1, 4000, 12_000] {
        let text = log(lines);
        for file in [sealed(&text), armored(&sealed(&text))] {
            let (entries, summary) = entries(file, other().and(ours())).unwrap();
            assert!(entries[0].1 == text, "{lines} lines");
            assert!(summary.complete, "{summary:?}");
        }
    }
    let whole_chunks = vec![b'x'; 2 * CHUNK_BYTES];
    let (entries, summary) = entries(sealed(&whole_chunks), ours()).unwrap();
    assert!(entries[0].1 == whole_chunks && summary.complete);
}

#[test]
fn a_zip_inside_is_opened_and_an_encrypted_file_inside_an_archive_too() {
    let mut zip = zip::ZipWriter::new_stream(Vec::new());
    let text = log(20_000);
    for (name, content) in [
        ("t/kubelet.log", &text),
        ("t/inner.age", &sealed(b"inner\n")),
    ] {
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        zip.start_file(name, stored).unwrap();
        zip.write_all(content).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    for file in [sealed(&zip), armored(&sealed(&zip))] {
        let (entries, summary) = entries(file, ours()).unwrap();
        let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["kubelet.log", "inner.age"]);
        assert!(entries[0].1 == text);
        assert_eq!(entries[1].1, b"inner\n");
        assert!(summary.complete, "{summary:?}");
    }
}

#[test]
fn who_has_not_the_key_is_told_what_to_do() {
    let why = |file: Vec<u8>, keys| entries(file, keys).unwrap_err().to_string();
    assert!(why(sealed(b"x"), other()).contains("other keys"));
    let only = |kind: &str| format!("{INTRO}-> {kind} abcd\nAAAA\n--- AAAA\n").into_bytes();
    assert!(why(only("scrypt"), ours()).contains("passphrase"));
    assert!(why(only("ssh-ed25519"), ours()).contains("ssh-ed25519 keys"));
    let mut changed = sealed(b"x");
    let mac = memchr::memmem::find(&changed, b"--- ").unwrap();
    changed[mac + 5] ^= 1;
    assert!(why(changed, ours()).contains("header"));
    let thrice = sealed(&sealed(&sealed(b"x")));
    let (_, summary) = entries(thrice, ours()).unwrap();
    assert!(summary.refused[0].why.contains("again and again"));
}

#[test]
fn stanzas_that_mean_nothing_are_passed_over() {
    let grease = "-> 3f-grease a b\nAAAA\n-> other\n\n";
    let (entries, _) = entries(sealed_after(grease, b"plain\n"), ours()).unwrap();
    assert_eq!(entries[0].1, b"plain\n");
}

#[test]
fn what_is_cut_or_changed_is_used_up_to_there() {
    let text = log(20_000);
    let whole = sealed(&text);
    let start = whole.len() - text.len() - text.len().div_ceil(CHUNK_BYTES) * TAG_BYTES;
    for at in 0..60 {
        let place = whole.len() * at / 60;
        let cut = whole[..place].to_vec();
        let chunks = place.saturating_sub(start) / (CHUNK_BYTES + TAG_BYTES);
        match entries(cut, ours()) {
            Ok((entries, summary)) if place > start => {
                assert!(
                    entries[0].1 == text[..chunks * CHUNK_BYTES],
                    "cut at {place}"
                );
                assert!(summary.damage[0].what.contains("cut short"), "{summary:?}");
            }
            Ok((_, summary)) => assert!(!summary.complete || place < 30, "cut at {place}"),
            Err(error) => assert!(error.to_string().contains("header"), "{error}"),
        }
    }
    let mut changed = whole;
    changed[start + CHUNK_BYTES + TAG_BYTES + 7] ^= 1;
    let (entries, summary) = entries(changed, ours()).unwrap();
    assert!(entries[0].1 == text[..CHUNK_BYTES]);
    assert!(summary.damage[0].what.contains("changed"), "{summary:?}");
}

#[test]
fn seeking_gives_the_same_bytes_as_reading() {
    let text = log(20_000);
    let file = sealed(&text);
    let mut opened = ours().file(Box::new(std::io::Cursor::new(file))).unwrap();
    let length = opened.seek(SeekFrom::End(0)).unwrap();
    assert_eq!(length, text.len() as u64);
    let mut at = 7_u64;
    for _ in 0..200 {
        at = (at * 48_271) % length;
        opened.seek(SeekFrom::Start(at)).unwrap();
        let mut piece = Vec::new();
        opened.by_ref().take(300).read_to_end(&mut piece).unwrap();
        let from = usize::try_from(at).unwrap();
        assert!(piece == text[from..text.len().min(from + 300)], "at {at}");
    }
}
