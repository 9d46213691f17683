//! Hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    casefile::cli::main()
}
