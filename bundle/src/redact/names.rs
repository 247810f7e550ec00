//! Which names announce a secret, and which values are none whatever their name says.

use memchr::memmem;

/// What a name says its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret {
    /// A password, pass phrase or pre-shared key: any value is secret.
    Password,
    /// A token.
    Token,
    /// A secret, credential or key.
    Key,
    /// Nothing: the name is not one that belongs here.
    Unknown,
}

impl Secret {
    /// The word in the placeholder.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::Key => "secret",
            Self::Unknown => "unknown",
        }
    }
}

/// What the name of a setting, flag, variable or header announces; `None` for names that announce nothing secret,
/// among them names *about* secrets: their files, lifetimes, policies.
pub(crate) fn announced(name: &[u8]) -> Option<Secret> {
    let words = words(name);
    let (secret, after) = last_stem(&words)?;
    let has = |word: &str| words.iter().any(|known| known == word);
    if secret == Secret::Password && has("hash") {
        return Some(secret);
    }
    let about = after.iter().any(|word| listed(ABOUT, word.as_bytes()));
    let pull_secrets = has("image") && has("pull") && has("secrets");
    let loads = words
        .first()
        .is_some_and(|first| first == "load" || first == "import");
    (!about && !pull_secrets && !loads).then_some(secret)
}

/// Whether the value cannot be a secret: nothing, a switch, a duration, a path, a reference, or already masked.
pub(crate) fn is_harmless(value: &[u8], secret: Secret) -> bool {
    let value = value.trim_ascii();
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || listed(SWITCHES, &lower)
        || is_masked(value)
        || is_reference(value)
        || is_path(value)
        || is_duration(value)
        || is_name_service(&lower)
        || (is_number(value) && (secret != Secret::Password || value.len() < 4))
}

/// Whether a value after a secret's name in prose looks like a secret and not like the next word of the sentence.
pub(crate) fn looks_secret(value: &[u8]) -> bool {
    if value.len() < 6 {
        return false;
    }
    let digits = value.iter().any(u8::is_ascii_digit);
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let upper_inside = value.iter().skip(1).any(u8::is_ascii_uppercase)
        && value.iter().any(u8::is_ascii_lowercase);
    let symbols = value.iter().any(|byte| b"!@#$%^&*+=~?/".contains(byte));
    (digits && letters) || (upper_inside && value.len() >= 12) || symbols
}

/// Whether the value names a Kubernetes object, `name` or `namespace/name`, as klog writes it after `secret=`.
pub(crate) fn is_object_name(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'/').collect();
    let label = |part: &&[u8]| {
        !part.is_empty()
            && part.len() <= 253
            && part.iter().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
            })
    };
    parts.iter().all(label) && (parts.len() == 2 || (parts.len() == 1 && value.contains(&b'-')))
}

/// Whether the text is one of our placeholders, or what others put in place of a secret.
pub(crate) fn is_masked(value: &[u8]) -> bool {
    const MASKS: [&[u8]; 7] = [
        b"REDACTED",
        b"<masked",
        b"<redacted",
        b"[redacted",
        b"***",
        b"xxxxx",
        b"<nil>",
    ];
    let start = |mask: &[u8]| {
        value
            .get(..mask.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(mask))
    };
    // What is kept before a mask is short: the id of a token, `K10`.
    let kept = memmem::find(value, b"REDACTED(").is_some_and(|at| at <= 8);
    let masked_key =
        value.starts_with(b"-----BEGIN ") && memmem::find(value, b"REDACTED(").is_some();
    kept || masked_key || MASKS.iter().any(|mask| start(mask))
}

/// The words of a name in lower case: `aadClientSecret`, `AAD_CLIENT_SECRET` and `aad-client-secret` are the same three.
pub(crate) fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = b'_';
    for (at, byte) in name.iter().enumerate() {
        let next_is_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let starts_word = byte.is_ascii_uppercase()
            && (previous.is_ascii_lowercase()
                || previous.is_ascii_digit()
                || (previous.is_ascii_uppercase() && next_is_lower));
        if starts_word || !byte.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        previous = *byte;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The last word, or pair of words, that names a secret, and the words after it.
fn last_stem(words: &[String]) -> Option<(Secret, &[String])> {
    (0..words.len()).rev().find_map(|end| {
        let after = words.get(end + 1..)?;
        let previous = end.checked_sub(1).and_then(|at| words.get(at));
        let secret = stem(
            previous.map(String::as_str),
            words.get(end)?,
            after.is_empty(),
        )?;
        Some((secret, after))
    })
}

fn stem(previous: Option<&str>, word: &str, is_last: bool) -> Option<Secret> {
    let has_part = |parts: &str| parts.split(' ').any(|part| word.contains(part));
    if has_part("password passwd passphrase passwort passcode")
        || word == "pwd"
        || word == "psk"
        || (word == "pass" && is_last)
    {
        return Some(Secret::Password);
    }
    if word.contains("token") || word == "jwt" {
        return Some(Secret::Token);
    }
    let owned = word == "key" && previous.is_some_and(|owner| listed(KEY_OWNERS, owner.as_bytes()));
    let key_data = word == "data" && previous == Some("key");
    let key = has_part("secret credential apikey accesskey privatekey authkey accountkey");
    (owned || key_data || key || word == "creds" || word == "sas").then_some(Secret::Key)
}

/// `passwd: files systemd` in nsswitch.conf.
fn is_name_service(lower: &[u8]) -> bool {
    lower
        .split(u8::is_ascii_whitespace)
        .all(|word| word.is_empty() || listed(NAME_SERVICES, word))
}

fn is_path(value: &[u8]) -> bool {
    if [&b"./"[..], b"../", b"~/", b"file://", b"unix://"]
        .iter()
        .any(|start| value.starts_with(start))
    {
        return value.iter().copied().all(is_path_byte);
    }
    let Some(path) = value.strip_prefix(b"/") else {
        return false;
    };
    let mut parts = path.split(|byte| *byte == b'/');
    let first = parts.next().unwrap_or_default();
    let plain = first.len() <= 24
        && first.iter().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(byte)
        });
    let known = listed(ROOTS, first);
    (known || (plain && parts.next().is_some())) && path.iter().copied().all(is_path_byte)
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-~:@%$,{}+".contains(&byte)
}

fn is_reference(value: &[u8]) -> bool {
    let wrapped = |open: &[u8], close: &[u8]| value.starts_with(open) && value.ends_with(close);
    let variable = value.strip_prefix(b"$").is_some_and(|name| {
        !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    });
    let specifier = value.len() == 2 && value.starts_with(b"%");
    variable || specifier || wrapped(b"${", b"}") || wrapped(b"{{", b"}}") || wrapped(b"$(", b")")
}

fn is_duration(value: &[u8]) -> bool {
    let digits = value
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    digits > 0
        && value.len() <= 16
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".numshd".contains(byte))
        && value.last().is_some_and(u8::is_ascii_alphabetic)
}

fn is_number(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".-+_".contains(byte))
}

/// Whether a list of words, separated by blanks, has the word.
fn listed(list: &str, word: &[u8]) -> bool {
    list.split(' ').any(|known| known.as_bytes() == word)
}

const KEY_OWNERS: &str = "api preshared access private certificate encryption secret account shared master signing auth storage \
    license pre tls wrapping";

const ABOUT: &str = "file files filename path paths dir directory folder ttl timeout enabled enable disable \
    disabled name names audience audiences webhook policy mode expiration expiry expires seconds \
    ref refs selector type types algorithm hash hashes count size limit namespace command plugin \
    plugins provider providers max min endpoint issuer kind version required allow allowed class \
    rotation interval duration cache period review reviews status url uri manager controller \
    config id ids request requests usage usages location format length lifetime validity \
    description driver volume projected projection rotate error errors err helpers store stores \
    authentication authenticator authenticators authorizer attempts changed attributes resource resources protect protection sync bucket field";

const SWITCHES: &str = "true false yes no on off none null nil ~ enabled disabled optional required default prompt - \
    [] {}";

const NAME_SERVICES: &str = "files systemd compat db ldap sss nis nisplus hesiod winbind altfiles extrausers \
    [success=merge] [notfound=return]";

const ROOTS: &str =
    "etc var run opt usr home root tmp mnt srv data dev proc sys lib snap host secrets certs pki";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_announce_one() {
        for name in [
            "password",
            "DB_PASSWORD",
            "db-passwd",
            "rootPassword",
            "passphrase",
            "auth_pass",
            "psk",
            "K3S_TOKEN",
            "token",
            "agent-token",
            "bootstrapToken",
            "accessToken",
            "aadClientSecret",
            "client_secret",
            "SECRET_ACCESS_KEY",
            "api-key",
            "apiKey",
            "certificate-key",
            "certificateKey",
            "credentials",
            "ETCD_ROOT_PASSWORD",
            "secretboxKey",
            "passwordHash",
            "private_key",
            "secret-store-password",
            "idToken",
            "provider_token",
            "configPassword",
        ] {
            assert!(announced(name.as_bytes()).is_some(), "{name}");
        }
    }

    #[test]
    fn names_about_secrets_announce_none() {
        for name in [
            "tokenFile",
            "token-auth-file",
            "tokenTTL",
            "token-ttl",
            "SECRET_NAME",
            "secretName",
            "imagePullSecrets",
            "KUBELET_KEY_PATH",
            "authentication-token-webhook",
            "authentication-token-webhook-cache-ttl",
            "tokenAttributes",
            "secretRef",
            "secretKeyRef",
            "key",
            "name",
            "credHelpers",
            "tokenID",
            "tls-private-key-file",
            "tlsPrivateKeyFile",
            "discovery-token-ca-cert-hash",
            "image-credential-provider-config",
            "client-key",
            "client-certificate-data",
            "expirationSeconds",
            "compass",
            "bypass",
            "passed",
            "cluster",
            "server",
            "rotateCertificates",
            "PassEnvironment",
            "LoadCredential",
            "token-controller-count",
            "clusterDNS",
        ] {
            assert_eq!(announced(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn switches_durations_paths_and_references_are_no_secrets() {
        for value in [
            "",
            "true",
            "no",
            "5m0s",
            "24h",
            "/etc/kubernetes/token",
            "/run/secrets/x",
            "$TOKEN",
            "${TOKEN}",
            "{{ .Token }}",
            "<masked>",
            "REDACTED(token)",
            "10",
            "./token",
            "null",
        ] {
            assert!(is_harmless(value.as_bytes(), Secret::Token), "{value}");
        }
        for value in [
            "hunter2",
            "/9j4AAQSkZJRg",
            "correct horse",
            "abc/def",
            "ms5fd3",
        ] {
            assert!(!is_harmless(value.as_bytes(), Secret::Token), "{value}");
        }
        assert!(!is_harmless(b"123456", Secret::Password));
    }

    #[test]
    fn the_next_word_of_a_sentence_is_no_secret() {
        for word in [
            "context",
            "Unauthorized",
            "secrets",
            "invalid",
            "cluster-info",
        ] {
            assert!(!looks_secret(word.as_bytes()), "{word}");
        }
        for word in [
            "hunter22",
            "dGhpc2lzYXNlY3JldA==",
            "p@ssword",
            "AbCdEfGhIjKl",
        ] {
            assert!(looks_secret(word.as_bytes()), "{word}");
        }
    }
}
