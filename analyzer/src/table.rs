//! Tables whose columns begin under their headings, as container tools print them.

/// Where the columns of a table begin; cells may hold blanks and may be empty.
#[derive(Debug)]
pub(crate) struct Columns<'a>(Vec<(&'a str, usize)>);

impl<'a> Columns<'a> {
    /// Of a line of headings, which two blanks or a tab part.
    pub(crate) fn of(line: &'a str) -> Self {
        let mut columns = Vec::new();
        let mut at = 0;
        let names = line.split("  ").map(str::trim);
        for name in names.filter(|name| !name.is_empty()) {
            let Some(start) = line.get(at..).and_then(|rest| rest.find(name)) else {
                break;
            };
            columns.push((name, at + start));
            at += start + name.len();
        }
        Self(columns)
    }

    /// Whether there is a column of this name.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == wanted)
    }

    /// A cell that is not empty. Headings are plain letters, cells are counted in characters.
    pub(crate) fn cell(&self, line: &str, wanted: &str) -> Option<String> {
        let at = self.0.iter().position(|(name, _)| *name == wanted)?;
        let (_, start) = self.0.get(at)?;
        let end = self.0.get(at + 1).map_or(usize::MAX, |(_, end)| *end);
        let cell: String = line.chars().skip(*start).take(end - start).collect();
        let cell = cell.trim();
        (!cell.is_empty()).then(|| cell.to_owned())
    }
}
