//! The vault of a run: its place is taken at the start, it is written at the end.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::Exit;
use super::message::{Message, plain};
use crate::bundle::encryption::Recipients;
use crate::pipeline::vault::VaultWriter;
use crate::redact::{Originals, Redactor, Witness};

/// A vault that is being filled.
pub struct OpenVault {
    writer: VaultWriter,
    originals: Arc<Originals>,
}

/// A vault that was written.
#[derive(Debug)]
pub struct SealedVault {
    /// Where it is.
    pub path: String,
    /// Values in it.
    pub values: u64,
    /// Values that were over its cap.
    pub left_out: u64,
}

impl OpenVault {
    /// Takes the place at `path`, which must not lie in `output`.
    pub fn create(path: &Path, recipients: Recipients, output: Option<&Path>) -> Result<Self, Message> {
        let name = path.display();
        if output.is_some_and(|output| lies_in(path, output)) {
            return Err(Message::usage(format!("{name}: lies in the output folder, which is sent on"))
                .hint("the vault stays with you: choose another folder with --vault"));
        }
        let writer = VaultWriter::create(path, recipients).map_err(|e| {
            Message::new(Exit::LocalFailure, format!("cannot write {name}: {}", plain(&e)))
                .hint("an existing file is never replaced; choose another with --vault")
        })?;
        Ok(Self { writer, originals: Arc::default() })
    }

    /// `redactor`, which tells the vault what it replaces.
    pub fn watching(&self, redactor: Redactor) -> Redactor {
        let originals: Arc<dyn Witness> = Arc::<Originals>::clone(&self.originals);
        redactor.witnessed(originals)
    }

    /// Writes it. `kept` says what the run has made already.
    pub fn seal(self, kept: &str) -> Result<SealedVault, Message> {
        let path = self.writer.path().display().to_string();
        let (values, left_out) = self.originals.counted();
        match self.writer.seal(&self.originals) {
            Ok(()) => Ok(SealedVault { path, values, left_out }),
            Err(e) => {
                let text = format!("cannot write the vault {path}: {}", plain(&e));
                Err(Message::new(Exit::LocalFailure, text).hint(kept.to_owned()))
            }
        }
    }
}

impl SealedVault {
    /// Says on stderr where it is.
    pub fn tell(&self) {
        let mut err = anstream::stderr().lock();
        let _ = writeln!(err, "vault {}: {}; keep it to yourself", self.path, super::count(self.values, "value"));
        if self.left_out > 0 {
            let _ = writeln!(err, "{} more were over its cap and are not in it", self.left_out);
        }
    }
}

/// Whether the file `path` would stand in `folder` or below.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        // What does not exist yet is compared as it is written.
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
    };
    real(path.parent().unwrap_or(Path::new(""))).starts_with(real(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_in_the_output_folder_is_seen_whatever_its_path_looks_like() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        std::fs::create_dir_all(out.join("below")).expect("folders");
        assert!(lies_in(&out.join("v"), &out) && lies_in(&out.join("below/../v"), &out));
        assert!(lies_in(&folder.path().join("out/below/v"), &out));
        assert!(!lies_in(&folder.path().join("v"), &out) && !lies_in(&folder.path().join("out-2/v"), &out));
        assert!(lies_in(Path::new("v"), Path::new(".")));
    }
}
