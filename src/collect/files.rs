//! Files by glob: configuration, HAR files, screenshots; and the machinery that log files share.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;

use super::profile::{Files as Globs, Profile};
use super::window::{self, Since};
use super::{Collector, Context, Open, OpenError, Opened, Pass, Source, Step};
use crate::archive::{self, Archive, Compression};
use crate::model::Outcome;
use crate::model::manifest::{KeptEnd, Truncation};
use crate::platform::{self, FileId, NamedRoot, Refusal, System, Walked};
use crate::redact::MediaHint;

/// The most entries that one glob walks. A log folder has hundreds; over this it is a mail spool or worse.
const WALK_BUDGET: usize = 200_000;

/// The most refused entries that are listed one by one; the rest are counted.
const LISTED_REFUSALS: usize = 200;

/// Bytes that tell an archive from other files: the first header of a tar.
const ARCHIVE_HEAD: u64 = 512;

/// A glob over absolute paths: the folder before the first wildcard, and patterns for each level below it.
#[derive(Debug, Clone)]
pub struct Glob {
    root: PathBuf,
    whole: GlobMatcher,
    levels: Vec<Option<GlobMatcher>>,
    /// Whether it names one path, without any wildcard.
    plain: bool,
}

impl Glob {
    /// Reads a glob; the error says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let absolute = text.starts_with(['/', '~']) || text.starts_with(r"\\") || text.as_bytes().get(1) == Some(&b':');
        if !absolute {
            return Err(format!("`{text}` is not an absolute path"));
        }
        let unified = text.replace('\\', "/");
        let segments: Vec<&str> = unified.split('/').collect();
        let wild = |s: &str| s.contains(['*', '?', '[', '{']);
        let plain = !segments.iter().any(|s| wild(s));
        let first = segments.iter().position(|s| wild(s)).unwrap_or(segments.len() - 1).min(segments.len() - 1);
        let root = segments[..first].join("/");
        let root = if root.is_empty() || root.ends_with(':') { format!("{root}/") } else { root };
        let compile = |pattern: &str| {
            GlobBuilder::new(pattern)
                .literal_separator(true)
                .case_insensitive(platform::system() == System::Windows) // as its file systems are
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|e| format!("`{text}`: {}", e.kind()))
        };
        let rest = &segments[first..];
        let levels = rest.iter().map(|s| if s.contains("**") { Ok(None) } else { compile(s).map(Some) });
        Ok(Self {
            root: PathBuf::from(root),
            whole: compile(&rest.join("/"))?,
            levels: levels.collect::<Result<_, _>>()?,
            plain,
        })
    }

    /// The folder in which it begins, with `~` replaced; `None` without a home folder.
    fn root(&self, home: Option<&Path>) -> Option<PathBuf> {
        match self.root.strip_prefix("~") {
            Ok(below) => home.map(|home| home.join(below)),
            Err(_) => Some(self.root.clone()),
        }
    }

    fn wants(&self, relative: &Path) -> bool {
        self.whole.is_match(relative)
    }

    /// Whether something wanted can stand below the folder `relative`.
    fn enters(&self, relative: &Path) -> bool {
        for (n, part) in relative.components().enumerate() {
            match self.levels.get(n) {
                Some(Some(level)) if n + 1 < self.levels.len() && level.is_match(Path::new(part.as_os_str())) => {}
                Some(None) => return true,
                _ => return false,
            }
        }
        true
    }

    /// Whether the absolute path `path` matches.
    fn matches(&self, path: &Path, home: Option<&Path>) -> bool {
        self.root(home).is_some_and(|root| path.strip_prefix(root).is_ok_and(|relative| self.wants(relative)))
    }
}

/// One file that a glob found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) root: Arc<NamedRoot>,
    pub(super) relative: PathBuf,
    pub(super) path: PathBuf,
    pub(super) len: u64,
    pub(super) modified: Option<Timestamp>,
    pub(super) id: FileId,
}

/// What the globs of one block found, and what they met and may not read.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) found: Vec<Found>,
    pub(super) refused: Vec<(PathBuf, Outcome)>,
}

/// Walks the globs of `block`. A file that several globs match is found once; `seen` holds across blocks.
pub(super) fn search(block: &Globs, context: &Context, seen: &mut std::collections::HashSet<FileId>) -> Search {
    let mut search = Search::default();
    let excludes: Vec<Glob> = block.exclude.iter().filter_map(|text| Glob::new(text).ok()).collect();
    let home = context.home.as_deref();
    // Whoever names a path expects it; of files that were brought together it is not known what there should be.
    let expected = block.named && block.base.is_none();
    let nothing =
        |text: &str| expected.then(|| (PathBuf::from(text), Outcome::Failed { reason: "nothing matches".to_owned() }));
    for text in &block.paths {
        let Ok(mut glob) = Glob::new(text) else { continue };
        let Some(mut root_path) = glob.root(home) else { continue };
        if glob.plain {
            let named = root_path.join(text.rsplit(['/', '\\']).next().unwrap_or_default());
            if named.is_dir()
                && let Ok(all) = Glob::new(&format!("{}/**", globset::escape(&named.to_string_lossy())))
            {
                // A folder that is named means everything in it.
                glob = all;
                root_path = named;
            }
        }
        let root = match NamedRoot::open(&root_path, context.elevation) {
            Ok(root) => Arc::new(root),
            // A folder of the default profile that this machine does not have is no news.
            Err(Refusal::Vanished) => {
                search.refused.extend(nothing(text));
                continue;
            }
            Err(refusal) => {
                search.refused.push((root_path, refused(&refusal)));
                continue;
            }
        };
        let (mut files, mut refusals) = (0usize, 0usize);
        let excluded = |path: &Path| excludes.iter().any(|exclude| exclude.matches(path, home));
        root.walk(&|folder| glob.enters(folder), &|file| glob.wants(file), WALK_BUDGET, &mut |walked| {
            match walked {
                Walked::File { relative, len, modified, id } => {
                    let path = root_path.join(&relative);
                    files += 1;
                    if !excluded(&path) && seen.insert(id) {
                        let modified = modified.and_then(|t| Timestamp::try_from(t).ok());
                        search.found.push(Found { root: Arc::clone(&root), relative, path, len, modified, id });
                    }
                }
                Walked::Refused { relative, refusal } => {
                    let path = root_path.join(&relative);
                    refusals += 1;
                    if refusals <= LISTED_REFUSALS && !excluded(&path) {
                        search.refused.push((path, refused(&refusal)));
                    }
                }
            }
            if context.cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if files + refusals == 0 {
            search.refused.extend(nothing(text));
        }
        if refusals > LISTED_REFUSALS {
            let reason = format!("{} more entries could not be read", refusals - LISTED_REFUSALS);
            search.refused.push((root.path().to_owned(), Outcome::Skipped { reason }));
        }
    }
    search
}

/// What may not be read is left out by choice; what breaks has failed.
fn refused(refusal: &Refusal) -> Outcome {
    let reason = refusal.to_string();
    match refusal {
        Refusal::Io(_) => Outcome::Failed { reason },
        _ => Outcome::Skipped { reason },
    }
}

/// A file, opened twice with the same window.
#[derive(Debug)]
pub(super) struct FileSource {
    pub(super) root: Arc<NamedRoot>,
    pub(super) relative: PathBuf,
    pub(super) id: FileId,
    /// Bytes kept, the newest; for compressed files of the expanded bytes.
    pub(super) cap: u64,
    /// Log lines before this are left out.
    pub(super) since: Option<Box<Since>>,
    pub(super) seen: Mutex<Option<Seen>>,
    /// Bytes that the file did not have any more when the last pass came to its end.
    pub(super) short: Arc<AtomicU64>,
}

/// Reads a file up to a length that it had, and notes when it has become shorter.
struct Until {
    file: File,
    left: u64,
    short: Arc<AtomicU64>,
}

impl Read for Until {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0); // the system need not be asked
        }
        let most = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let n = self.file.read(&mut buf[..most])?;
        self.left -= n as u64;
        if n == 0 && most > 0 {
            self.short.store(self.left, Ordering::Relaxed);
        }
        Ok(n)
    }
}

/// The window that the first pass settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    len: u64,
    compression: Option<Compression>,
    /// What is left out in front.
    start: u64,
    /// Whether it is an archive, which has no lines to begin at.
    archive: bool,
}

impl FileSource {
    /// Decides which bytes both passes take.
    fn settle(&self, file: &File, len: u64) -> Result<Seen, OpenError> {
        let mut head = Vec::new();
        file.take(len.min(ARCHIVE_HEAD)).read_to_end(&mut head)?;
        let compression = Compression::of(&head[..head.len().min(archive::MAGIC)]);
        if compression.is_some() {
            head.clear();
            self.reader(file, len, compression, 0)?.take(ARCHIVE_HEAD).read_to_end(&mut head)?;
        }
        let archive = Archive::of(&head).is_some();
        let full = match compression {
            None => len,
            // Deflate expands at most 1,032 times, so that a small file fits without being counted; others know no such bound.
            Some(Compression::Gzip) if len.saturating_mul(1032) <= self.cap => 0,
            Some(_) => io::copy(&mut self.reader(file, len, compression, 0)?, &mut io::sink())?,
        };
        let mut start = full.saturating_sub(self.cap);
        if start > 0 && archive {
            let reason = format!("is an archive over the cap of {} bytes, and an archive cannot be cut", self.cap);
            return Err(OpenError::Failed(reason));
        }
        if start > 0 {
            // From the byte before, which may be the end of a line; a last line over the cap is kept in part.
            let skipped = window::to_next_line(&mut self.reader(file, len, compression, start - 1)?)?;
            if skipped > 0 && start - 1 + skipped < full {
                start = start - 1 + skipped;
            }
        }
        Ok(Seen { len, compression, start, archive })
    }

    /// The first `len` bytes of `file`, expanded where they are compressed, from byte `start` of the result on.
    fn reader(
        &self,
        file: &File,
        len: u64,
        compression: Option<Compression>,
        start: u64,
    ) -> io::Result<Box<dyn Read + Send>> {
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(if compression.is_some() { 0 } else { start }))?;
        Ok(match compression {
            None => {
                let short = Arc::clone(&self.short);
                Box::new(BufReader::with_capacity(64 << 10, Until { file, left: len.saturating_sub(start), short }))
            }
            Some(compression) => {
                let plain = BufReader::with_capacity(64 << 10, file.take(len));
                let mut expanded = archive::expand(plain, compression, archive::MAX_EXPANDED);
                io::copy(&mut expanded.by_ref().take(start), &mut io::sink())?;
                expanded
            }
        })
    }
}

impl Open for FileSource {
    fn open(&self, pass: Pass) -> Result<Opened, OpenError> {
        let opened = self.root.open_file(&self.relative)?;
        if opened.id != self.id {
            return Err(OpenError::Replaced);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if pass == Pass::Scan || seen.is_none() {
            *seen = Some(self.settle(&opened.file, opened.len)?);
        }
        let Some(Seen { len, compression, start, archive }) = *seen else {
            return Err(OpenError::Replaced);
        };
        self.short.store(0, Ordering::Relaxed);
        let limit = || format!("at most {} bytes of this file", self.cap);
        let truncation =
            (start > 0).then(|| Truncation { kept: KeptEnd::Newest, bytes_left_out: start, limit: limit() });
        // What was appended since the first pass belongs to the next bundle.
        let reader = self.reader(&opened.file, len, compression, start)?;
        let reader = match &self.since {
            Some(since) if !archive => Box::new(since.window(reader)),
            _ => reader,
        };
        Ok(Opened { reader, source_size: len, truncation, partial: None, exit_status: None, duration: Duration::ZERO })
    }

    fn fell_short(&self) -> Option<String> {
        let missing = self.short.load(Ordering::Relaxed);
        (missing > 0).then(|| format!("shrank while it was read; its last {missing} bytes are missing"))
    }
}

/// Collects files that are neither logs nor made by a command.
#[derive(Debug)]
pub struct Files {
    name: &'static str,
    profile: Arc<Profile>,
    globs: fn(&Profile) -> &[Globs],
}

impl Files {
    /// Configuration files.
    #[must_use]
    pub fn config(profile: Arc<Profile>) -> Self {
        Self { name: "config", profile, globs: |profile| &profile.config }
    }

    /// HAR files.
    #[must_use]
    pub fn har(profile: Arc<Profile>) -> Self {
        Self { name: "har", profile, globs: |profile| &profile.har }
    }

    /// Screenshots.
    #[must_use]
    pub fn screenshots(profile: Arc<Profile>) -> Self {
        Self { name: "screenshots", profile, globs: |profile| &profile.screenshots }
    }

    fn hint(&self, path: &Path) -> (MediaHint, &'static str) {
        let name = path.to_string_lossy();
        match self.name {
            "har" => (MediaHint::Json, "application/json"),
            "screenshots" => (MediaHint::Image, image_type(path)),
            _ => match MediaHint::of_name(&archive::expanded_name(&name).unwrap_or(name.into_owned())) {
                MediaHint::Json | MediaHint::JsonLines => (MediaHint::Json, "application/json"),
                _ => (MediaHint::Text, "text/plain"),
            },
        }
    }
}

fn image_type(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => "image/jpeg",
    }
}

impl Collector for Files {
    fn name(&self) -> &'static str {
        self.name
    }

    fn plan(&self, context: &Context) -> Vec<Step> {
        let mut seen = std::collections::HashSet::new();
        let mut steps = Vec::new();
        for block in (self.globs)(&self.profile) {
            let search = search(block, context, &mut seen);
            let sources = search.found.into_iter().map(|found| {
                let (hint, media_type) = self.hint(&found.path);
                source(self.name, found, hint, media_type, self.profile.limits.file, block.base.as_deref())
            });
            steps.extend(block_steps(block, sources.collect(), search.refused));
        }
        steps
    }
}

/// The source of a found file that is taken whole or by its newest part.
fn source(
    kind: &str,
    found: Found,
    hint: MediaHint,
    media_type: &'static str,
    cap: u64,
    base: Option<&Path>,
) -> Source {
    let path = place(kind, &found.path, base);
    Source {
        path: archive::expanded_name(&path).unwrap_or(path),
        origin: named(&found.path, base),
        hint,
        media_type,
        size: Some(found.len),
        modified: found.modified,
        is_log: false,
        open: Arc::new(FileSource {
            root: found.root,
            relative: found.relative,
            id: found.id,
            cap,
            since: None,
            seen: Mutex::new(None),
            short: Arc::default(),
        }),
    }
}

/// The name under which a file is listed: its path, below `base` where files were brought together, because the folder on
/// the agent's machine says nothing about the case.
pub(super) fn named(path: &Path, base: Option<&Path>) -> String {
    base.and_then(|base| path.strip_prefix(base).ok()).unwrap_or(path).to_string_lossy().into_owned()
}

/// `kind/` and the path that a file has at home, or below `base` where files were brought together.
pub(super) fn place(kind: &str, path: &Path, base: Option<&Path>) -> String {
    let relative = named(path, base);
    // A drive letter is a folder of its own: `C:\x` becomes `C/x`.
    format!("{kind}/{}", relative.replace(":\\", "\\").trim_start_matches(['/', '\\']))
}

/// One step for the block itself and one for each thing that it met and could not take.
pub(super) fn block_steps(block: &Globs, sources: Vec<Source>, refused: Vec<(PathBuf, Outcome)>) -> Vec<Step> {
    let why = if refused.is_empty() { "nothing matches" } else { "nothing that matches could be taken" };
    let nothing = sources.is_empty().then(|| Outcome::Skipped { reason: why.to_owned() });
    let base = block.base.as_deref();
    let what = match base {
        Some(_) => format!("received files ({})", block.purpose),
        None => block.paths.join(" "),
    };
    let mut steps = vec![Step { what, purpose: block.purpose.clone(), sources, decided: nothing }];
    steps.extend(refused.into_iter().map(|(path, outcome)| {
        let outcome = match outcome {
            // What somebody named on the command line was wanted; not getting it is a gap.
            Outcome::Skipped { reason } if block.named => Outcome::Failed { reason },
            other => other,
        };
        Step::decided(named(&path, base), &block.purpose, outcome)
    }));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_enters_only_folders_that_can_hold_what_it_wants() {
        let glob = Glob::new("/var/log/*/app-*.log").expect("a glob");
        assert_eq!(glob.root(None), Some(PathBuf::from("/var/log")));
        assert!(glob.enters(Path::new("x")) && !glob.enters(Path::new("x/y")));
        assert!(glob.wants(Path::new("x/app-1.log")) && !glob.wants(Path::new("app-1.log")));
        let deep = Glob::new("/srv/**/*.log").expect("a glob");
        assert!(
            deep.enters(Path::new("a/b/c")) && deep.wants(Path::new("a/b/c.log")) && deep.wants(Path::new("c.log"))
        );
        assert!(Glob::new("relative/*").is_err());
        assert!(Glob::new("/a/[").is_err());
    }

    #[test]
    fn home_is_filled_in_and_windows_paths_work() {
        let glob = Glob::new("~/logs/*.log").expect("a glob");
        assert_eq!(glob.root(Some(Path::new("/home/x"))), Some(PathBuf::from("/home/x/logs")));
        assert_eq!(Glob::new(r"C:\Windows\Logs\*.log").expect("a glob").root, PathBuf::from("C:/Windows/Logs"));
        assert_eq!(place("logs", Path::new("/var/log/syslog"), None), "logs/var/log/syslog");
        assert_eq!(place("logs", Path::new("/tmp/in/a/b.log"), Some(Path::new("/tmp/in"))), "logs/a/b.log");
    }
    #[test]
    fn each_path_that_was_named_and_matches_nothing_is_a_gap() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("here.log"), "x").expect("a file");
        let context = Context {
            system: platform::system(),
            elevation: platform::Elevation::None,
            now: Timestamp::UNIX_EPOCH,
            zone: jiff::tz::TimeZone::UTC,
            since: None,
            deadline: super::super::Deadline::new(Duration::from_secs(1)),
            cancel: Arc::default(),
            child_program: None,
            allow_commands: false,
            home: None,
            preview: false,
        };
        let paths = ["here.log", "here*", "gone.log", "gone/*.log"]
            .map(|name| folder.path().join(name).to_string_lossy().into_owned())
            .to_vec();
        let mut block = Globs { paths, exclude: Vec::new(), purpose: "a test".to_owned(), base: None, named: true };
        let gaps = |block: &Globs| {
            let search = search(block, &context, &mut std::collections::HashSet::new());
            assert_eq!(search.found.len(), 1);
            let steps = block_steps(block, Vec::new(), search.refused);
            let failed = steps.into_iter().filter(|step| matches!(step.decided, Some(Outcome::Failed { .. })));
            failed.map(|step| step.what).collect::<Vec<_>>()
        };
        assert_eq!(gaps(&block), block.paths[2..]);
        block.named = false;
        assert!(gaps(&block).is_empty(), "what a profile lists may be missing");
    }
}
