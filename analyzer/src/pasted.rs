//! A text that holds several outputs one after the other, as people paste them: with prompts, in code fences, or among sentences.

mod streamed;
mod titled;

pub(crate) use streamed::{Sections, begins_pasted};
pub(crate) use titled::as_run;

use crate::entry::{Entry, numbered};
use crate::names;
use crate::outputs::outputs;
use crate::source::Source;
use std::sync::Arc;
use titled::Title;

/// The outputs of a text of which nothing but its name is known, each with what it is as far as its prompt tells, or as it
/// begins. Empty when the text is one piece.
pub(crate) fn sections(entry: &Entry) -> Vec<Entry> {
    if !matches!(entry.source, Source::Named(_)) {
        return Vec::new();
    }
    let text = entry.text();
    let mut all: Vec<Section<'_>> = Vec::new();
    let mut prompted = false;
    let mut borders = Borders::default();
    for (number, line) in numbered(&text) {
        let border = borders.of(line);
        prompted |= border.as_ref().is_some_and(Border::tells);
        match border {
            Some(border) => all.push(Section::new(border, number)),
            None => match all.last_mut() {
                Some(section) => section.lines.push(line),
                None => all.push(Section::begun(line)),
            },
        }
    }
    if borders.are_titles() {
        return titled_sections(&all, entry);
    }
    if all.iter().map(|section| section.before).sum::<u64>() > Entry::MAX_PADDING {
        return Vec::new();
    }
    // Without a prompt an empty line parts outputs only if something else does, too.
    let pieces = all.iter().filter(|section| !section.is_empty()).count();
    if !prompted && pieces < 2 {
        return outputs(entry);
    }
    all.iter()
        .filter_map(|section| section.entry(entry))
        .collect()
}

/// What stands below titles, as far as it may be padded.
fn titled_sections(all: &[Section<'_>], whole: &Entry) -> Vec<Entry> {
    let mut padding = 0;
    let known = all.iter().filter_map(|section| match section.border {
        Border::Titled(..) => section.entry(whole),
        _ => None,
    });
    known
        .take_while(|section| {
            let ends = memchr::memchr_iter(b'\n', &section.bytes).count() as u64;
            padding += ends;
            padding <= Entry::MAX_PADDING
        })
        .collect()
}

/// Whether a text has titles over its sections, each of which is read as what its title says.
pub(crate) fn is_titled(entry: &Entry) -> bool {
    let head = || entry.head().lines().any(|line| Title::of(line).is_some());
    matches!(entry.source, Source::Named(_)) && head()
}

/// Finds borders line by line. Where titles part sections nothing else does.
#[derive(Default)]
struct Borders {
    titled: Option<Title>,
    titles: bool,
}

impl Borders {
    fn of<'a>(&mut self, line: &'a str) -> Option<Border<'a>> {
        let above = self.titled.take();
        self.titled = Title::of(line);
        match above {
            Some(title) => Some(Border::Titled(title, line)),
            None if self.titled.is_some() => {
                self.titles = true;
                Some(Border::Other)
            }
            None if self.titles => None,
            None => border(line),
        }
    }

    fn are_titles(&self) -> bool {
        self.titles
    }
}

/// What parts two outputs.
enum Border<'a> {
    /// A prompt with a command.
    Command(&'a str),
    /// `==> name <==` of `tail`, `head` and minikube.
    Heading(&'a str),
    /// A title, and the line below it.
    Titled(Title, &'a str),
    /// A code fence, a title, or a prompt without a command that tells.
    Other,
}

impl Border<'_> {
    /// Whether it tells what follows.
    fn tells(&self) -> bool {
        !matches!(self, Self::Other)
    }
}

struct Section<'a> {
    border: Border<'a>,
    /// Lines of the text before its first.
    before: u64,
    lines: Vec<&'a str>,
}

impl<'a> Section<'a> {
    fn new(border: Border<'a>, line: u64) -> Self {
        if let Border::Command(command) = border
            && let Some((command, output)) = joined(command)
        {
            return Self {
                border: Border::Command(command),
                before: line.saturating_sub(1),
                lines: vec![output],
            };
        }
        Self {
            border,
            before: line,
            lines: Vec::new(),
        }
    }

    fn begun(line: &'a str) -> Self {
        Self {
            border: Border::Other,
            before: 0,
            lines: vec![line],
        }
    }

    fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.trim().is_empty())
    }

    /// Its lines, without the stars that old releases of minikube put before all of them.
    fn text(&self) -> String {
        let starred =
            |line: &&str| line.trim().is_empty() || line.starts_with("* ") || *line == "*";
        let starred = matches!(self.border, Border::Heading(_)) && self.lines.iter().all(starred);
        let line = |line: &&'a str| {
            let bare = line.strip_prefix('*').filter(|_| starred);
            bare.map_or(*line, |bare| bare.strip_prefix(' ').unwrap_or(bare))
        };
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn entry(&self, whole: &Entry) -> Option<Entry> {
        let source = match self.border {
            Border::Command(command) => source(command)?,
            Border::Heading(name) => headed(name),
            Border::Titled(title, line) => title.source(line)?,
            Border::Other => whole.source.clone(),
        };
        let mut bytes = vec![b'\n'; usize::try_from(self.before).ok()?];
        let absent = match self.border {
            Border::Titled(Title::File, line) => titled::absent(line),
            _ => None,
        };
        if let Some(path) = absent {
            let said = format!("ls: cannot access '{path}': No such file or directory\n");
            bytes.extend_from_slice(said.as_bytes());
        } else {
            bytes.extend_from_slice(self.text().as_bytes());
        }
        (absent.is_some() || !self.is_empty()).then(|| Entry {
            name: Arc::clone(&whole.name),
            source,
            bytes,
        })
    }
}

fn border(line: &str) -> Option<Border<'_>> {
    let text = line.trim();
    if let Some(rest) = text.strip_prefix("```") {
        // What stands on the line of a fence is the first of its lines, or a language.
        return (!rest.trim().contains(' ')).then_some(Border::Other);
    }
    let bare = text.strip_prefix("* ").unwrap_or(text);
    if let Some(name) = bare
        .strip_prefix("==> ")
        .and_then(|rest| rest.strip_suffix(" <=="))
    {
        return Some(Border::Heading(name));
    }
    command(text).map(Border::Command)
}

/// The command behind a prompt: `[root@n1 ~]# df -h`, `root@n1:~$ sudo df -h`, `$ df -h`. The bare signs also begin comments, so
/// that behind them only programs that are known count.
fn command(line: &str) -> Option<&str> {
    let (sign, (prompt, command)) = ["# ", "$ ", "% "]
        .iter()
        .filter_map(|sign| Some((*sign, line.split_once(sign)?)))
        .min_by_key(|(_, (prompt, _))| prompt.len())?;
    let sure = prompt.contains('@')
        && prompt.len() < 80
        && !prompt.contains(['=', '"'])
        && prompt.split_whitespace().count() <= 3;
    let bare = prompt.len() < 40 && !prompt.trim().contains([' ', ':', '=', '"', '\'']);
    let command = command.trim();
    let known = bare && names::is_program(program(command)?);
    (sure || known && (sign != "# " || !is_comment(command))).then_some(command)
}

/// A terminal that pads its lines, copied, joins the command and the first line of its output.
fn joined(command: &str) -> Option<(&str, &str)> {
    let (command, output) = command.split_once("          ")?;
    Some((command.trim_end(), output.trim_start()))
}

/// `# mount the volume` begins like a command. A command has options, paths or one of the words that such programs take.
fn is_comment(command: &str) -> bool {
    const SUBCOMMANDS: [&str; 22] = [
        "a", "addr", "certs", "describe", "get", "images", "info", "init", "join", "link", "list",
        "logs", "ls", "pods", "ps", "r", "ruleset", "show", "status", "tracking", "version",
        "x509",
    ];
    let words = words(command);
    let telling = |word: &&str| {
        word.starts_with(['-', '/']) || word.contains("://") || SUBCOMMANDS.contains(word)
    };
    words.len() > 1 && !words.iter().skip(1).take(3).any(telling)
}

fn program(command: &str) -> Option<&str> {
    words(command).first().copied()
}

/// The words of a command without what only starts it.
fn words(command: &str) -> Vec<&str> {
    command
        .split_whitespace()
        .skip_while(|word| matches!(*word, "sudo" | "-E" | "-i" | "time") || word.contains('='))
        .collect()
}

/// What stands below a heading: a file by its path or name, or one of the sections of minikube.
fn headed(name: &str) -> Source {
    if name.starts_with('/') {
        return Source::File(name.to_owned());
    }
    match name {
        "describe nodes" => Source::Command("kubectl describe nodes".to_owned()),
        "container status" => Source::Command("crictl ps -a".to_owned()),
        "dmesg" => Source::Journal("kernel".to_owned()),
        "kubelet" | "containerd" => Source::Journal(format!("{name}.service")),
        "Docker" | "docker" => Source::Journal("docker.service".to_owned()),
        "CRI-O" | "crio" => Source::Journal("crio.service".to_owned()),
        "Audit" | "Last Start" => Source::Meta(name.to_owned()),
        _ => match name.split_once(" [") {
            Some((container, _)) => {
                Source::File(format!("/var/log/pods/kube-system_x_x/{container}/0.log"))
            }
            None => names::source(name),
        },
    }
}

/// What the output of a command is; `None` for one that was filtered, for lines that are missing in it prove nothing.
fn source(command: &str) -> Option<Source> {
    const FILTERS: [&str; 9] = [
        "grep", "egrep", "head", "tail", "awk", "sed", "cut", "wc", "jq",
    ];
    let mut stages = command.split('|');
    let first = stages.next().unwrap_or_default();
    let filtered = stages.any(|stage| {
        let name = program(stage).unwrap_or_default();
        FILTERS.contains(&name)
    });
    if filtered {
        return None;
    }
    let first = first.split("2>").next().unwrap_or(first);
    let words = words(first);
    Some(match words.as_slice() {
        ["cat", path] if path.starts_with('/') => Source::File((*path).to_owned()),
        ["cat", ..] => Source::Named(String::new()),
        _ => Source::Command(words.join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Source, u64, String)> {
        let entry = Entry {
            name: Arc::from("posted.txt"),
            source: Source::Named("posted.txt".into()),
            bytes: text.as_bytes().to_vec(),
        };
        sections(&entry)
            .into_iter()
            .map(|section| {
                let text = section.text().into_owned();
                let (line, _) = numbered(&text).find(|(_, line)| !line.is_empty()).unwrap();
                (section.source, line, text.trim_matches('\n').to_owned())
            })
            .collect()
    }

    #[test]
    fn outputs_behind_prompts_are_read_apart_with_their_lines() {
        let text = "It fails like this:\n[root@n1 ~]# df -h\nFilesystem\n/dev/sda1\nuser@n1:~$ sudo cat /etc/fstab\n# swap\n/dev/sdb none swap\n$ kubectl get nodes | grep n1\nn1 Ready\n# uptime\n up 3 days\n";
        let command = |command: &str| Source::Command(command.into());
        assert_eq!(
            read(text),
            [
                (
                    Source::Named("posted.txt".into()),
                    1,
                    "It fails like this:".into()
                ),
                (command("df -h"), 3, "Filesystem\n/dev/sda1".into()),
                (
                    Source::File("/etc/fstab".into()),
                    6,
                    "# swap\n/dev/sdb none swap".into()
                ),
                (command("uptime"), 11, " up 3 days".into()),
            ]
        );
    }

    #[test]
    fn output_on_the_line_of_its_command_is_its_first_line() {
        let text = "[root@n1 ~]# systemctl status crio                    ● crio.service - CRI-O\n     Active: failed\n[root@n1 ~]# uptime\n up 3 days\n";
        let sections = read(text);
        let status = "● crio.service - CRI-O\n     Active: failed";
        let command = Source::Command("systemctl status crio".into());
        assert_eq!(sections[0], (command, 1, status.to_owned()));
        assert_eq!(sections[1].1, 4);
    }

    #[test]
    fn headings_of_tail_and_minikube_part_outputs() {
        let text = "* ==> kubelet <==\n* -- Logs begin --\n*\n* ==> describe nodes <==\n* Name:  m01\n* Taints: <none>\n==> etcd [0a] <==\nx\n\n==> /etc/fstab <==\n# none\n==> df-h.txt <==\nFilesystem\n";
        let sources: Vec<_> = read(text)
            .into_iter()
            .map(|(source, line, text)| (source.to_string(), line, text))
            .collect();
        let want = [
            ("journal of kubelet.service", 2, "-- Logs begin --"),
            ("`kubectl describe nodes`", 5, "Name:  m01\nTaints: <none>"),
            ("/var/log/pods/kube-system_x_x/etcd/0.log", 8, "x"),
            ("/etc/fstab", 11, "# none"),
            ("`df -h`", 13, "Filesystem"),
        ];
        let want = want.map(|(source, line, text)| (source.to_owned(), line, text.to_owned()));
        assert_eq!(sources, want);
    }

    #[test]
    fn code_fences_part_outputs_and_a_text_in_one_piece_is_left_alone() {
        let fenced = read("```\none\n```\n```yaml\ntwo: 2\n```\n");
        assert_eq!(fenced.len(), 2);
        assert_eq!((fenced[1].1, fenced[1].2.as_str()), (5, "two: 2"));
        for text in [
            "# kubelet configuration\nkey: value\n# mount the disk\n",
            "E1112 12:19:21.474821    4756 run.go:72] \"x # y\"\n\nmore\n",
            "```\none\n```\n",
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn sections_below_titles_are_what_their_title_says() {
        let text = "=====\n  Support Utilities\n=====\n\n#==[ Command ]===#\n# /usr/bin/df -hT\nFilesystem\n\n#==[ Configuration File ]===#\n# /etc/fstab\n# swap\n$ uptime\n\n#==[ Configuration File ]===#\n# /etc/rancher/rke2/config.yaml - File not found\n\n#==[ Summary ]===#\n# x\ny\n#==[ Log File ]===#\n# /var/log/messages - Last 5 Lines\nNov 22\n";
        let sources: Vec<_> = read(text)
            .into_iter()
            .map(|(source, line, text)| (source.to_string(), line, text))
            .collect();
        let want = [
            ("`df -hT`", 7, "Filesystem"),
            ("/etc/fstab", 11, "# swap\n$ uptime"),
            (
                "`ls -la /etc/rancher/rke2/config.yaml`",
                16,
                "ls: cannot access '/etc/rancher/rke2/config.yaml': No such file or directory",
            ),
            ("/var/log/messages", 22, "Nov 22"),
        ];
        let want = want.map(|(source, line, text)| (source.to_owned(), line, text.to_owned()));
        assert_eq!(sources, want);
    }
}
