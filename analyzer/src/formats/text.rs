//! Text for people.

use crate::format::Format;
use crate::text;

pub(super) const FORMAT: Format = Format {
    name: "text",
    render: text::render,
};
