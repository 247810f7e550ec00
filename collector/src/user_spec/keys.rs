//! The keys of a spec file: what may be written, and what it means. Reader, schema and suggestions follow this table.

/// A list of items under one name.
pub(super) struct Section {
    /// `files`
    pub(super) name: &'static str,
    /// For a person.
    pub(super) about: &'static str,
    /// The key that says what to take.
    pub(super) own: Key,
    /// Most bytes that `cap` may say.
    pub(super) most: u64,
}

/// One key of an item.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// For a person.
    pub(super) about: &'static str,
    /// As a JSON schema states it.
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// What a value looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text that matches a pattern.
    Pattern(&'static str),
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// Any text.
    Text,
    /// A list of words, not empty.
    Words,
}

/// The sections of a spec file.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "files",
        about: "single files",
        own: own(
            "path",
            "Absolute path on the node",
            Shape::Pattern("^/[^*]+$"),
        ),
        most: 4 << 20,
    },
    Section {
        name: "globs",
        about: "files whose paths match a pattern, at most 200",
        own: own(
            "pattern",
            "Absolute path in which * stands for anything within one name, as in /var/log/app/*.log",
            Shape::Pattern("^/.*\\*"),
        ),
        most: 4 << 20,
    },
    Section {
        name: "commands",
        about: "programs whose standard output is taken; run only with --allow-spec-commands, never with --root",
        own: own(
            "argv",
            "Program and arguments, no shell; the program by absolute path in /usr/bin, /usr/sbin, /bin or /sbin, root's, and not writable by others",
            Shape::Words,
        ),
        most: 1 << 20,
    },
    Section {
        name: "http",
        about: "one GET each, without any credential; not with --no-probes or --root",
        own: own(
            "url",
            "http:// or https:// without user, password and key=value; a certificate is not judged, a redirect not followed, a proxy not used",
            Shape::Pattern("^https?://[^@=]+$"),
        ),
        most: 1 << 20,
    },
];

/// Keys that every item may have.
pub(super) const COMMON: &[Key] = &[
    Key {
        name: "id",
        about: "Name of the item, unique in the file; user/<id> in the manifest and for --without",
        shape: Shape::Pattern("^[a-z0-9][a-z0-9-]{0,62}$"),
        required: true,
    },
    Key {
        name: "cap",
        about: "Most bytes, as in 64KiB (the default is 256KiB); of a longer file head and tail are kept",
        shape: Shape::Pattern("^[0-9]+(B|KiB|MiB)?$"),
        required: false,
    },
    Key {
        name: "timeout",
        about: "Time limit, as in 5s, at most 60s (the default is that of --item-timeout)",
        shape: Shape::Pattern("^[0-9]+s?$"),
        required: false,
    },
    Key {
        name: "sensitivity",
        about: "How much harm the source could do (the default is mixed); everything is masked all the same, and a secret itself is never taken",
        shape: Shape::OneOf(&["public", "identifying", "mixed"]),
        required: false,
    },
    Key {
        name: "reason",
        about: "What it is for; plan shows it",
        shape: Shape::Text,
        required: false,
    },
];

const fn own(name: &'static str, about: &'static str, shape: Shape) -> Key {
    Key {
        name,
        about,
        shape,
        required: true,
    }
}

/// Most items of one file.
pub(super) const MAX_ITEMS: usize = 200;
/// Bytes without a `cap`.
pub(super) const USUAL_CAP: u64 = 256 << 10;
/// Seconds that `timeout` may say.
pub(super) const MAX_SECONDS: u64 = 60;
