//! The program `nodebundle-analyzer`.

use nodebundle_analyzer::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
