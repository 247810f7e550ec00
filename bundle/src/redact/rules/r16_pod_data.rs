//! R16: what pods are made of, in the logs of kubelet and runtime.

use crate::redact::dump::{self, close, close_quote};
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R16",
    name: "pod-data",
    description: "Environment, probe commands, volume secrets and applied manifests of pods in logs; printed objects over 2 KiB.",
    safe_form: "REDACTED(object-dump;kind=Container;name=…;image=…;bytes-class=4k-16k): names, images and reasons stay",
    triggers: &[
        "Pod{",
        "PodSpec{",
        "PodList{",
        "Container{",
        "Secret{",
        "SecretList{",
        "ConfigMap{",
        "SandboxConfig{",
        "ContainerConfig{",
        "SandboxRequest{",
        "ContainerRequest{",
        "EnvVar{",
        "KeyValue{",
        "ExecAction{",
        "ValueFrom:",
        "env=",
        "envs=",
        "env:",
        "envs:",
        "env\"",
        "envs\"",
        "env\\\"",
        "envs\\\"",
        "cmd=",
        "with command [",
        "last-applied-configuration",
        "publishcontext",
        "publish_context",
        "secrets",
        "Data:map[",
        "t Body",
        "e Body",
    ],
    find,
};

/// A printed object longer than this is dropped, in bytes.
const MAX_DUMP: usize = 2048;

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    objects(text, hits);
    for pattern in [&*ENV_VAR, &*KEY_VALUE] {
        for found in pattern.captures_iter(text.bytes) {
            if let (Some(name), Some(content)) = (found.name("name"), found.name("value")) {
                variable(text, name.as_bytes(), content.range(), hits);
            }
        }
    }
    dump::each(&ENVIRONMENT, text.bytes, |open| {
        let end = close(text.bytes, open);
        environment(text, open + 1..end, hits);
        end
    });
    for found in COMMAND.captures_iter(text.bytes) {
        if let Some(arguments) = found.name("value") {
            whole(text, arguments.range(), "command", hits);
        }
    }
    applied(text, hits);
    if !text.config {
        maps(text, hits);
        bodies(text, hits);
    }
}

/// Hides everything in the range.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>, kind: &str, hits: &mut Vec<Hit>) {
    let content = text.slice(range.clone());
    let masked = content.starts_with(b"REDACTED") || content.starts_with(b"***");
    if content.trim_ascii().is_empty() || masked {
        return;
    }
    let mask = Placeholder::new(kind)
        .fact("bytes-class", value::bytes_class(content.len()))
        .text();
    hits.push(Hit {
        range,
        rule: RULE.id,
        mask,
    });
}

/// Objects over the limit, by their Go type; smaller ones stay but for their secrets.
fn objects(text: &Text<'_>, hits: &mut Vec<Hit>) {
    let mut from = 0;
    while let Some(found) = OBJECT.captures_at(text.bytes, from) {
        let (Some(all), Some(kind)) = (found.get(0), found.name("kind")) else {
            return;
        };
        from = all.end();
        let end = close(text.bytes, all.end() - 1);
        let closed = text.bytes.get(end - 1) == Some(&b'}');
        let body = all.end()..end - usize::from(closed);
        if body.len() > MAX_DUMP {
            from = end;
            hits.push(Hit {
                mask: object(kind.as_bytes(), text.slice(body.clone())),
                range: body,
                rule: RULE.id,
            });
        }
    }
}

/// The placeholder of an object: what it is, and the names that a diagnosis needs.
fn object(kind: &[u8], body: &[u8]) -> String {
    let mut placeholder =
        Placeholder::new("object-dump").fact("kind", &String::from_utf8_lossy(kind));
    let mut seen: Vec<&[u8]> = Vec::new();
    for found in FACT.captures_iter(body) {
        let (Some(name), Some(content)) = (found.name("name"), found.name("value")) else {
            continue;
        };
        if !seen.contains(&name.as_bytes()) {
            seen.push(name.as_bytes());
            let name = String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase();
            placeholder = placeholder.fact(&name, &String::from_utf8_lossy(content.as_bytes()));
        }
    }
    placeholder
        .fact("bytes-class", value::bytes_class(body.len()))
        .text()
}

/// One variable of a container: its name stays, and its value where that tells only about placement.
fn variable(text: &Text<'_>, name: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    let content = text.slice(range.clone());
    let name = String::from_utf8_lossy(name);
    if dump::is_plain_variable(&name)
        || names::is_harmless(content, Secret::Key)
        || content.starts_with(b"REDACTED")
    {
        return;
    }
    value::mask(text, range, (RULE.id, "variable"), hits);
}

/// `[A=b C=d]`, `["A=b","C=d"]`, `[{A b nil}]`: everything from a name to the next one is its value.
fn environment(text: &Text<'_>, range: Range<usize>, hits: &mut Vec<Hit>) {
    let inside = text.slice(range.clone());
    let starts: Vec<_> = VARIABLE
        .captures_iter(inside)
        .filter_map(|found| {
            let name = found.name("name").or_else(|| found.name("pair"))?;
            Some((found.get(0)?.start(), name))
        })
        .collect();
    for (number, (_, name)) in starts.iter().enumerate() {
        let next = starts
            .get(number + 1)
            .map_or(inside.len(), |(start, _)| *start);
        let value = inside.get(name.end() + 1..next).unwrap_or_default();
        let kept = value
            .iter()
            .rposition(|byte| !b" \t\r\n,\"'\\]})".contains(byte))
            .map_or(0, |at| at + 1);
        let start = range.start + name.end() + 1;
        variable(text, name.as_bytes(), start..start + kept, hits);
    }
}

/// The manifest that `kubectl apply` leaves in an annotation.
fn applied(text: &Text<'_>, hits: &mut Vec<Hit>) {
    dump::each(&APPLIED, text.bytes, |last| {
        let range = if text.bytes.get(last) == Some(&b'"') {
            last + 1..close_quote(text.bytes, last)
        } else {
            last..close(text.bytes, last)
        };
        let end = range.end;
        whole(text, range, "last-applied", hits);
        end
    });
}

/// Maps of secrets: what a volume was published with, and the data of a printed Secret.
fn maps(text: &Text<'_>, hits: &mut Vec<Hit>) {
    dump::each(&SECRET_MAP, text.bytes, |open| {
        let end = match text.bytes.get(open) {
            Some(b'<') => text
                .bytes
                .get(open..)
                .and_then(|rest| memchr::memchr(b'>', rest))
                .map_or(text.bytes.len(), |at| open + at + 1),
            _ => close(text.bytes, open),
        };
        let inside = open + 1..end.saturating_sub(1).max(open + 1);
        whole(text, inside, "secret-map", hits);
        end
    });
}

/// Bodies of requests about pods and secrets, as verbose clients print them.
fn bodies(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in BODY.captures_iter(text.bytes) {
        let (Some(body), Some(kind)) = (found.name("body"), found.name("kind")) else {
            continue;
        };
        let secret = !kind.as_bytes().starts_with(b"Pod");
        if secret || body.len() > MAX_DUMP {
            hits.push(Hit {
                mask: object(kind.as_bytes(), body.as_bytes()),
                range: body.range(),
                rule: RULE.id,
            });
        }
    }
}

static OBJECT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?:^|[^A-Za-z0-9])(?P<kind>Pod|PodSpec|PodList|PodTemplateSpec|Container|Secret|SecretList|ConfigMap|ConfigMapList|PodSandboxConfig|ContainerConfig|RunPodSandboxRequest|CreateContainerRequest|Volume)\{",
    )
});

/// Names inside a printed object: Go's syntax, or JSON.
static FACT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?:^|[^A-Za-z])(?P<name>Name|name|Namespace|namespace|UID|Uid|uid|Image|image)\\*"?:[ ]?\\*"?(?P<value>[A-Za-z0-9][A-Za-z0-9._:/@-]*)"#,
    )
});

static ENV_VAR: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"\{Name:[ ]?"?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)"?,?[ ]?Value:[ ]?"?(?P<value>[^\r\n]*?)"?,?[ ]?ValueFrom:"#,
    )
});

static KEY_VALUE: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"KeyValue\{Key:(?P<name>[^,{}\r\n]*),Value:(?P<value>[^\r\n]*?),(?:XXX_[^}]*)?\}")
});

static ENVIRONMENT: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"(?i)(?:^|[^A-Za-z0-9])envs?\\*"?(?:=\\*"?|:[ ]?)(?:\[\]string)?[\[{]"#)
});

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?:^|[\s,"'\\])(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)=|\{(?P<pair>[A-Za-z_][A-Za-z0-9_.-]*)[ ]"#,
    )
});

/// What follows the program in a command.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?:\bcmd=\[\\*"[^"\\\r\n]*\\*",[ ]?|\bcmd=\[[^\s",\]]+[ ]|with command \[[^\s\]]+[ ]|ExecAction\{Command:\[[^\s,\]]*[ ,]?[ ]?)(?P<value>[^\r\n]*?)\](?:[\s,}]|$)"#,
    )
});

static APPLIED: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"last-applied-configuration(?:\\*"[ \t]*:[ \t]*\\*"|:[ ]?\{|=\\*")"#)
});

static SECRET_MAP: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)(?:(?:publish_?context|(?:node_?)?(?:publish|stage|expand)?_?secrets)\\*["']?[ \t]*(?:[:=][ \t]*)?(?:map\[string\]string\{|map\[|\{|<)|\b(?:Binary|String)?Data:map\[string\](?:\[\]byte|string)\{)"#,
    )
});

static BODY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?:Request|Response) Body(?::[ ]|\\*"[ ]body=\\*")(?P<body>\{\\*"kind\\*":\\*"(?P<kind>PodList|Pod|PodTemplate|SecretList|Secret|ConfigMapList|ConfigMap)\\*"[^\r\n]*)"#,
    )
});

#[cfg(test)]
mod tests {
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::redact;

    #[test]
    fn a_long_object_leaves_its_names_and_the_reason_behind_it() {
        let padding = "VolumeMount{Name:v,ReadOnly:true,MountPath:/x,},".repeat(60);
        let line = format!(
            "E0823 pod_workers.go:1] \"Unhandled Error\" err=\"container &Container{{Name:app,Image:r.example/app:1,Command:[],VolumeMounts:[]VolumeMount{{{padding}}},}} start failed in pod app-1_default(1-2): CreateContainerConfigError: secret \\\"db\\\" not found\"\n"
        );
        let redacted = redact(Kind::Text, &line);
        let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
        for kept in [
            "&Container{REDACTED(object-dump;kind=Container;name=app;image=r.example/app:1;bytes-class=1k-4k)}",
            "start failed in pod app-1_default(1-2): CreateContainerConfigError: secret \\\"db\\\" not found",
        ] {
            assert!(stored.contains(kept), "{kept}: {stored}");
        }
        assert!(!stored.contains("MountPath"), "{stored}");
    }
}
