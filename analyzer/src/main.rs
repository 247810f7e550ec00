//! The program `nodebundle-analyzer`.

fn main() {}
