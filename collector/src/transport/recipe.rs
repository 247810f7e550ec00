//! What to do with the files of a bundle, in plain tools.

use super::delivery::{Delivered, file_name};
use super::sign::NAMESPACE;
use crate::identity::shell_word;
use std::fmt::Write as _;

impl Delivered {
    /// Where the bundle is, in words.
    pub(crate) fn place(&self) -> String {
        match (self.path.as_str(), self.files.len()) {
            ("-", _) => "standard output".to_owned(),
            (path, 0 | 1) => path.to_owned(),
            (path, count) => format!("{path} in {count} parts"),
        }
    }

    /// How to send the files, and what their receiver does with them.
    pub(crate) fn how_to_send(&self) -> String {
        let mut text = String::new();
        for note in &self.notes {
            writeln!(text, "Note: {note}").ok();
        }
        if let Some(command) = &self.fetch {
            writeln!(text, "To fetch it: {command}").ok();
        }
        if self.path != "-" {
            self.send(&mut text);
        }
        if let Some(sum) = &self.sha256 {
            writeln!(text, "SHA-256: {sum}").ok();
        }
        self.join(&mut text);
        self.open(&mut text);
        self.check(&mut text);
        text
    }

    fn send(&self, text: &mut String) {
        let files = self.all_files();
        match files.as_slice() {
            [] => Ok(()),
            [one] => writeln!(text, "To send it: copy this one file: {one}"),
            files => writeln!(text, "To send it: copy these files: {}", files.join(" ")),
        }
        .ok();
        if self.files.len() == 1 && !self.encrypted {
            let path = shell_word(&self.path);
            writeln!(text, "To look first: nodebundle-collector verify {path}").ok();
        }
    }

    /// For the receiver, in the folder where the files arrived.
    fn join(&self, text: &mut String) {
        if self.files.len() < 2 {
            return;
        }
        let whole = file_name(&self.path);
        let word = shell_word(whole);
        let parts: Vec<&str> = self.files.iter().map(|path| file_name(path)).collect();
        writeln!(text, "To join it: cat {word}.[0-9]* > {word}").ok();
        let list = parts.join("+");
        writeln!(text, "  on Windows: copy /b {list} {whole}").ok();
    }

    fn open(&self, text: &mut String) {
        if !self.encrypted {
            return;
        }
        let name = match file_name(&self.path) {
            "-" => "BUNDLE.age",
            name => name,
        };
        let plain = name.strip_suffix(".age").unwrap_or("BUNDLE");
        let (name, plain) = (shell_word(name), shell_word(plain));
        writeln!(text, "To open it: age -d -i KEYFILE -o {plain} {name}").ok();
    }

    fn check(&self, text: &mut String) {
        if let Some(sums) = &self.sums {
            let sums = shell_word(file_name(sums));
            writeln!(text, "To check it: sha256sum -c {sums}").ok();
        }
        if let Some(signature) = &self.signature {
            let signature = shell_word(file_name(signature));
            let namespace = String::from_utf8_lossy(NAMESPACE);
            let name = shell_word(file_name(&self.path));
            writeln!(
                text,
                "To check its signature: ssh-keygen -Y verify -f ALLOWED_SIGNERS -I SIGNER -n {namespace} -s {signature} < {name}"
            )
            .ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Delivered {
        Delivered {
            path: "out/b.tar.gz.age".to_owned(),
            files: vec![
                "out/b.tar.gz.age.001".to_owned(),
                "out/b.tar.gz.age.002".to_owned(),
            ],
            sums: Some("out/b.tar.gz.age.sha256".to_owned()),
            encrypted: true,
            ..Delivered::default()
        }
    }

    #[test]
    fn parts_come_with_a_recipe_in_plain_tools() {
        let text = parts().how_to_send();
        for line in [
            "cat b.tar.gz.age.[0-9]* > b.tar.gz.age\n",
            "copy /b b.tar.gz.age.001+b.tar.gz.age.002 b.tar.gz.age\n",
            "age -d -i KEYFILE -o b.tar.gz b.tar.gz.age\n",
            "sha256sum -c b.tar.gz.age.sha256\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert_eq!(parts().place(), "out/b.tar.gz.age in 2 parts");
    }

    #[test]
    fn one_file_needs_no_recipe() {
        let one = Delivered {
            path: "b.tar.gz".to_owned(),
            files: vec!["b.tar.gz".to_owned()],
            ..Delivered::default()
        };
        let text = one.how_to_send();
        assert!(text.contains("copy this one file"));
        assert!(!text.contains("cat "));
    }
}
