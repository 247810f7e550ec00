use super::*;
use crate::redact::ContentKind as Kind;
use crate::redact::check::{hides, keeps, redact};

const S: &str = "q3W7e1R5t9";

const HIDDEN: &[(Kind, &str, &str)] = &[
    (Kind::Env, "DB_PASSWORD=q3W7e1R5t9\n", S),
    (
        Kind::Env,
        "export API_KEY='q3W7e1R5t9 and more'\n",
        "and more",
    ),
    (Kind::Env, "# AWS_SECRET_ACCESS_KEY=q3W7e1R5t9\nA=b\n", S),
    (
        Kind::Unit,
        "[Service]\nEnvironment=\"K3S_TOKEN=q3W7e1R5t9 tail\" A=b\n",
        "tail",
    ),
    (
        Kind::Unit,
        "[Service]\nExecStart=/usr/bin/x --password q3W7e1R5t9 \\\n  --v=2\n",
        S,
    ),
    (
        Kind::Unit,
        "[Service]\nEnvironment=CLOUD_API_TOKEN=q3W7e1R5t9\n",
        S,
    ),
    (
        Kind::Unit,
        "[Service]\nEnvironment=\"EXTRA=--password=q3W7e1R5t9 --v=2\"\n",
        S,
    ),
    (
        Kind::Unit,
        "[Service]\nExecStart=/usr/bin/x --token \\\n  q3W7e1R5t9\n",
        S,
    ),
    (Kind::Argv, "x\n--api-key\nq3W7e1R5t9\n--v=2\n", S),
    (Kind::Argv, "x --secret=q3W7e1R5t9", S),
    (Kind::Ini, "[wifi]\npsk = q3W7e1R5t9 x\n", "t9 x"),
    (
        Kind::Yaml,
        "login:\n  password: correct horse q3W7e1R5t9 # old\n",
        S,
    ),
    (
        Kind::Yaml,
        "machine:\n  token: |\n    q3W7e1R5t9\n    second-line\n  next: 1\n",
        "second-line",
    ),
    (Kind::Yaml, "tokens: [q3W7e1R5t9]\n", S),
    (
        Kind::Yaml,
        "env:\n- name: DB_PASSWORD\n  value: q3W7e1R5t9\n",
        S,
    ),
    (
        Kind::Yaml,
        "kind: Secret\nstringData:\n  user: q3W7e1R5t9\n",
        S,
    ),
    (Kind::Yaml, "broken: [\npassword: correct q3W7e1R5t9\n", S),
    (
        Kind::Yaml,
        "broken: [\ntoken: |\n  q3W7e1R5t9\n  tail\nz: 1\n",
        "tail",
    ),
    (
        Kind::Json,
        r#"{"clientSecret":"q3W7\u0065q3W7","password":123456}"#,
        "123456",
    ),
    (
        Kind::Toml,
        "[a]\nsecret_key = \"q3W7e1R5t9\"\npassword = 123456\n",
        "123456",
    ),
    (Kind::Toml, "broken = \npassword = \"q3W7e1R5t9 x\"\n", S),
    (
        Kind::Text,
        "env: {\\\"password\\\":\\\"q3W7e1R5t9\\\"}\n",
        S,
    ),
    (Kind::Text, "starting with --token=q3W7e1R5t9 --v=2\n", S),
    (Kind::Text, "&{Name:x Password:q3W7e1R5t9 Port:1}\n", S),
];

#[test]
fn values_of_secret_names_are_hidden_in_every_syntax() {
    hides(&RULE, HIDDEN);
}

#[test]
fn names_about_secrets_and_harmless_values_stay() {
    keeps(&[
        (
            Kind::Yaml,
            "tokenTTL: 24h\nsecretName: regcred\nimagePullSecrets:\n- name: regcred\n",
        ),
        (
            Kind::Yaml,
            "authentication:\n  webhook:\n    cacheTTL: 2m0s\ntokenFile: /etc/token\n",
        ),
        (
            Kind::Yaml,
            "taints:\n- key: node.kubernetes.io/x\n  value: \"true\"\n  effect: NoSchedule\n",
        ),
        (
            Kind::Env,
            "SECRET_NAME=regcred\nKUBELET_KEY_PATH=/etc/k.key\nTOKEN=\nPASSWORD_AUTH=no\n",
        ),
        (
            Kind::Argv,
            "kubelet\n--token-auth-file=/etc/tokens.csv\n--authentication-token-webhook=true\n",
        ),
        (
            Kind::Unit,
            "[Service]\nPassEnvironment=HOME\nLoadCredential=x:/etc/x\nPrivateTmp=yes\n",
        ),
        (
            Kind::Text,
            "I0823 flags.go:64] FLAG: --authentication-token-webhook-cache-ttl=\"2m0s\"\n",
        ),
        (
            Kind::Text,
            "I0823 flags.go:64] FLAG: --bootstrap-kubeconfig=\"/etc/kubernetes/bootstrap-kubelet.conf\"\n",
        ),
        (
            Kind::Text,
            "E0823 x] \"Failed to fetch token\" err=\"failed to fetch token: Post \\\"https://10.0.0.1:6443\\\"\"\n",
        ),
        (
            Kind::Text,
            "MountVolume.SetUp failed for volume \"x\" : secret \"kube-system/regcred\" not found\n",
        ),
        (
            Kind::Text,
            "\"Unable to retrieve pull secret\" pod=\"a/b\" secret=\"regcred-2\"\n",
        ),
        (
            Kind::Text,
            "err=\"couldn't get secret: context deadline exceeded\" token: invalid\n",
        ),
        (Kind::Text, "passwd: files systemd\nkubelet passed: 3\n"),
        (
            Kind::Text,
            "Password: required\nsecret: kube-system/bootstrap-token-abcdef\n",
        ),
        (Kind::Ini, "[sshd]\nPasswordAuthentication = no\n"),
        (
            Kind::Json,
            r#"{"tokenExpirationSeconds": 3600, "secretRef": {"name": "x"}}"#,
        ),
    ]);
}

/// The patterns over the whole text, one after the other, without a look at words.
fn plainly(text: &Text<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    spaced(text, &mut hits);
    for syntax in [&*ASSIGNMENT, &*QUOTED_PAIR, &*FLAG] {
        let bare = syntax.pattern.as_str().replacen("\\A", "", 1);
        let pattern = compile(&bare);
        let mut at = 0;
        while let Some(found) = pattern.captures_at(text.bytes, at) {
            let name = found.name("name").or_else(|| found.name("name2")).unwrap();
            if names::announced(name.as_bytes()).is_some() {
                let quoted = ["double", "single", "escaped"]
                    .iter()
                    .find_map(|group| found.name(group));
                let value = match quoted {
                    Some(content) => content.range(),
                    None => unquoted(text, found.name("plain").unwrap().range()),
                };
                consider(text, name.as_bytes(), value, &mut hits);
                at = found.get(0).unwrap().end();
            } else {
                at = name.end() + 1;
            }
        }
    }
    hits
}

/// What assignments are made of, and what stands around them.
const PIECES: [&str; 48] = [
    "password",
    "token",
    "apiKey",
    "private-key",
    "secretRef",
    "name",
    "A_PASS",
    "_",
    ".",
    "-",
    "--",
    "---",
    "=",
    ": ",
    " => ",
    "%3D",
    "%3a",
    "\"",
    "'",
    "\\",
    "\\\"",
    " ",
    "\t",
    "\n",
    "\\\n",
    "\r\n",
    ",",
    ";",
    "{",
    "}",
    "[",
    "|",
    "q3W7e1R5t9",
    "x",
    "B",
    "9",
    "true",
    "/etc/x",
    "hunter22",
    "curl -u a:",
    "auth_pass ",
    "login u password ",
    "--creds=",
    "--db-password ",
    "Environment=",
    "\"K3S_TOKEN=",
    "'--token','",
    "\u{e9}",
];

#[test]
fn looking_at_names_with_a_word_alone_finds_all_that_the_patterns_find() {
    let key = crate::redact::CaseKey::from_random([7; 32]);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut found = 0;
    for round in 0..20_000 {
        let pieces = 1 + next(14);
        let text: String = (0..pieces).map(|_| PIECES[next(PIECES.len())]).collect();
        let text = Text {
            bytes: text.as_bytes(),
            key: &key,
            known: &crate::redact::known::NOTHING,
            config: round % 2 == 0,
            depth: 0,
        };
        let mut hits = Vec::new();
        find(&text, &mut hits);
        let shown = |hits: &[Hit]| -> Vec<_> {
            let own = hits.iter();
            own.map(|hit| (hit.range.clone(), hit.rule, hit.mask.clone()))
                .collect()
        };
        found += hits.len();
        let shown_text = String::from_utf8_lossy(text.bytes);
        assert_eq!(shown(&hits), shown(&plainly(&text)), "{shown_text:?}");
    }
    assert!(found > 1000, "{found}");
}

#[test]
fn runs_are_found_with_and_without_words() {
    let text = b"a-b=c token_x..y \"key\"";
    let parts = |runs: Vec<Range<usize>>| -> Vec<String> {
        let own = runs.into_iter();
        own.map(|run| String::from_utf8_lossy(&text[run]).into_owned())
            .collect()
    };
    assert_eq!(parts(runs(text)), ["token_x..y", "key"]);
    assert_eq!(parts(every_run(text)), ["a-b", "c", "token_x..y", "key"]);
}

#[test]
fn the_placeholder_tells_what_explains_failures() {
    let stored = redact(Kind::Json, "{\"token\": \" abcdefgh1 \"}");
    let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
    assert!(
        stored.contains("size=8-15;chars=alphanumeric;blank-around=yes)\"}"),
        "{stored}"
    );
}
