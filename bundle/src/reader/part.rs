//! A part of a split bundle, given by itself.

use super::ReadError;
use super::detect::{Content, PEEK, content};
use super::guard::fill;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Refuses `NAME.001` and the like while other parts lie beside it: read alone it would be a bundle that was cut. A first part
/// whose others are lost is read as just that.
pub(super) fn must_be_joined(path: &Path) -> Result<(), ReadError> {
    let Some((whole, number)) = part_of(path) else {
        return Ok(());
    };
    let part = |number: u32| format!("{whole}.{number:03}");
    let other = if number == 1 { part(2) } else { part(1) };
    let unfinished = format!("{other}.partial");
    let is_beside = [other, unfinished]
        .iter()
        .any(|name| path.with_file_name(name).is_file());
    if !is_beside || !begins_a_bundle(&path.with_file_name(part(1))) {
        return Ok(());
    }
    Err(ReadError::Part {
        name: path.display().to_string(),
        whole: whole.to_owned(),
    })
}

/// Name of the whole and number of the part: `b.tar.gz.002` and `b.tar.gz.002.partial` are part 2 of `b.tar.gz`.
fn part_of(path: &Path) -> Option<(&str, u32)> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".partial").unwrap_or(name);
    let (whole, number) = name.rsplit_once('.')?;
    let is_number = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((whole, number.parse().ok().filter(|_| is_number)?))
}

fn begins_a_bundle(first: &Path) -> bool {
    let Ok(file) = File::open(first) else {
        return false;
    };
    let mut head = [0; PEEK];
    let filled = fill(&mut BufReader::with_capacity(PEEK, file), &mut head);
    let head = head.get(..filled).unwrap_or_default();
    matches!(
        content(head),
        Content::Members | Content::Zip | Content::Sealed(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_name_a_part() {
        let part = |name: &'static str| part_of(Path::new(name));
        assert_eq!(part("x/b.tar.gz.012"), Some(("b.tar.gz", 12)));
        assert_eq!(part("b.zip.001.partial"), Some(("b.zip", 1)));
        assert_eq!(part("kubelet.log.1"), None);
        assert_eq!(part("b.tar.gz"), None);
        assert_eq!(part("b.+12"), None);
    }
}
