//! Some lines of an entry with those around them.

use super::journal::{each_record, is_journal, line};
use super::lines::Lines;
use nodebundle_journal::MAGIC;
use std::io::{self, Read};

/// The lines whose number `wants` says, in order; of a journal file the records by their sequence number. Reading ends behind
/// `last`.
pub(crate) fn excerpt(
    body: &mut dyn Read,
    last: u64,
    wants: &dyn Fn(u64) -> bool,
) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut start = Vec::new();
    body.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    let mut whole = start.chain(body);
    if is_journal(&start) {
        each_record(&mut whole, &mut |number, fields| {
            if wants(number) {
                found.push((number, line(fields)));
            }
            Ok(())
        })?;
        return Ok(found);
    }
    let mut lines = Lines::new(&mut whole);
    while let Some(line) = lines.next()? {
        if line.number > last {
            break;
        }
        if wants(line.number) {
            found.push((line.number, line.bytes.to_vec()));
        }
    }
    Ok(found)
}
