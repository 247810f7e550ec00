//! The program `nodebundle-collector`.

fn main() -> std::process::ExitCode {
    nodebundle_collector::run()
}
