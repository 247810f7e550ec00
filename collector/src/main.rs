//! The program `nodebundle-collector`.
fn main() {}
