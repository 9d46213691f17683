//! Writes the hostile and the odd bundles into a folder, with a list of them: `tests/hostile-table` runs other programs on them.

#![allow(clippy::print_stderr, reason = "its output is what it is for")]

#[path = "../tests/hostile_bundles/mod.rs"]
mod hostile_bundles;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: hostile_bundles FOLDER");
        return ExitCode::from(2);
    };
    match write_all(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut list = String::new();
    for made in hostile_bundles::attacks().into_iter().chain(hostile_bundles::oddities()) {
        std::fs::write(folder.join(format!("{}.zip", made.name)), &made.bytes)?;
        list += &format!("{}\t{}\n", made.name, made.code.unwrap_or("-"));
    }
    std::fs::write(folder.join("list.tsv"), list)
}
