//! Takes a support bundle from a Kubernetes node, alive or dead. One program, three kinds of process:
//! a supervisor that touches no file of the node, the collector that writes the bundle, and workers that read the node.

mod bus;
mod certificate;
mod cli;
mod clock;
mod collect;
mod cri;
mod deny;
mod events;
mod expand;
mod facts;
mod grpc;
mod host;
mod identity;
mod journal;
mod journalctl;
mod kmsg;
mod learn;
mod netlink;
mod network;
mod node;
mod output;
mod plan;
mod priority;
mod probe;
#[allow(
    unreachable_pub,
    reason = "its index is generated for public and private folders alike"
)]
mod probes;
mod process;
mod profile;
#[allow(
    unreachable_pub,
    reason = "its index is generated for public and private folders alike"
)]
mod profiles;
mod progress;
mod pseudonym;
mod routing;
mod runtime_sockets;
#[cfg(test)]
mod scratch;
mod sockets;
mod spec;
#[allow(
    unreachable_pub,
    reason = "its index is generated for public and private folders alike"
)]
mod specs;
mod stop;
mod summary;
mod systemd;
mod take;
mod take_files;
mod take_journal;
mod take_logs;
mod transport;
mod undetected;
mod user_spec;
mod vault;
mod verdict;
mod verify;
mod web;

use clap::{CommandFactory as _, Parser as _};
use std::io::Write as _;
use std::process::ExitCode;

/// The program: reads its command line, does what it says, returns the exit code of the contract.
pub fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == process::WORKER => process::worker_main(rest),
        Some((first, rest)) if first == process::EXEC => process::exec_main(rest),
        Some((first, rest)) if first == process::COLLECTOR => {
            let own = std::iter::once(NAME.to_owned()).chain(rest.iter().cloned());
            let cli = cli::Cli::parse_from(own);
            process::supervisor::collector_main(&cli.options)
        }
        Some((first, rest)) if first == "dump" => dump(rest),
        _ => dispatch(&arguments),
    }
}

fn dispatch(arguments: &[String]) -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.task {
        Some(cli::Task::Plan { options }) => {
            match collect::user_items(&options).and_then(|items| plan::of_node(&options, items)) {
                Ok(text) => {
                    print(&text);
                    ExitCode::SUCCESS
                }
                Err(error) => {
                    progress::Progress::new(&options).error(&error.to_string());
                    ExitCode::from(2)
                }
            }
        }
        Some(cli::Task::Verify { bundle, json }) => verify::run(&bundle, json),
        None => match &cli.options.host {
            Some(folder) => {
                let why = process::host_root::enter(folder, arguments);
                progress::Progress::new(&cli.options).error(&why);
                ExitCode::from(2)
            }
            None => process::supervisor::supervise(&cli.options, arguments),
        },
        Some(cli::Task::Reveal { case_key, text }) => {
            pseudonym::reveal_main(&case_key, text.as_deref())
        }
    }
}

/// What only the types know, for the documentation: the help text, the schema of `--spec`.
fn dump(what: &[String]) -> ExitCode {
    match what.first().map(String::as_str) {
        Some("help") => {
            print(&cli::Cli::command().render_long_help().to_string());
            ExitCode::SUCCESS
        }
        Some("user-spec-schema") => {
            print(&user_spec::schema());
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}

/// A closed pipe is the reader's choice, not an error.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).ok();
    out.flush().ok();
}

const NAME: &str = "nodebundle-collector";
