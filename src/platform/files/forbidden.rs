//! Files that are never read, whoever asks and whatever the profile says: what they hold is no evidence, only risk.
//!
//! Redaction is not asked to make these safe. Matched against the real path, links resolved, at any depth (a container's
//! root holds a shadow file too), ignoring case (macOS and Windows do); and by identity, where a hard link or a bind mount
//! gives such a file another name.

use std::path::Path;
use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

#[cfg(unix)]
use super::FileId;

/// One line of the list.
#[derive(Debug, Clone, Copy)]
pub struct NeverRead {
    /// A glob over the real path; `**` spans folders, `{,/**}` means "and all below".
    pub pattern: &'static str,
    /// What such a file holds.
    pub reason: &'static str,
}

const fn never(pattern: &'static str, reason: &'static str) -> NeverRead {
    NeverRead { pattern, reason }
}

/// The list. To add a file, add a line.
pub const NEVER_READ: &[NeverRead] = &[
    // accounts
    never("**/etc/shadow*", "password hashes"),
    never("**/etc/gshadow*", "password hashes"),
    never("**/etc/master.passwd", "password hashes"),
    never("**/etc/sudoers{,.d/**}", "who may become root"),
    never("**/etc/sudoers.*", "who may become root"),
    never("**/dslocal/nodes/**", "password hashes"),
    never("**/*.keytab", "Kerberos keys"),
    // private keys
    never("**/id_{rsa,dsa,ecdsa,ed25519,xmss,ecdsa_sk,ed25519_sk}", "a private key"),
    never("**/.ssh/{**/,}{identity,*.pem,*.key,*.ppk}", "a private key"),
    never("**/etc/ssh/ssh_host_*_key", "a private key"),
    never("**/ProgramData/ssh/ssh_host_*_key", "a private key"),
    never("**/etc/ssl/private/**", "private keys"),
    never("**/etc/pki/tls/private/**", "private keys"),
    never("**/etc/wireguard/**", "private keys"),
    never("**/.gnupg{,/**}", "private keys"),
    never("**/private-keys-v1.d{,/**}", "private keys"),
    // files that hold credentials and nothing else
    never("**/.git-credentials", "credentials"),
    never("**/.pgpass", "credentials"),
    never("**/{.,_}netrc", "credentials"),
    never("**/.aws/credentials", "credentials"),
    never("**/.password-store{,/**}", "credentials"),
    // keychains and browsers
    never("**/Library/Keychains{,/**}", "a keychain"),
    never("**/*.keychain{,-db}", "a keychain"),
    never("**/.local/share/keyrings{,/**}", "a keychain"),
    never("**/{kwalletd,kwalletd5,kwalletd6}{,/**}", "a keychain"),
    never("**/*.kdbx", "a keychain"),
    never("**/Login Data*", "a browser's saved passwords"),
    never("**/Cookies{,-journal}", "a browser's cookies"),
    never("**/cookies.sqlite*", "a browser's cookies"),
    never("**/Cookies.binarycookies", "a browser's cookies"),
    never("**/key{3,4}.db", "a browser's saved passwords"),
    never("**/logins{,-backup}.json", "a browser's saved passwords"),
    // other processes and the kernel
    never("**/proc/{*,*/task/*}/{mem,environ,auxv,pagemap}", "another process's memory and environment"),
    never("**/proc/kcore", "all memory"),
    never("**/proc/{vmcore,kpage*}", "all memory"),
    never("**/proc/kmsg", "the kernel's log, which reading would take from the logger"),
    never("/sys/kernel/**/trace_pipe*", "the kernel's trace, which reading would consume"),
    never("/dev/**", "devices and shared memory"),
    // Windows
    never("**/System32/config/**/{SAM,SECURITY,SYSTEM}{,.*}", "password hashes"),
    never("**/NTUSER.DAT*", "an account's registry"),
    never("**/UsrClass.dat*", "an account's registry"),
    never("**/ntds.dit", "password hashes"),
    never("**/Microsoft/{Credentials,Protect,Vault,Crypto}{,/**}", "credentials"),
];

/// Files whose identity is looked up, so that another name for one of them doesn't help. Windows keeps its own locked.
#[cfg(unix)]
pub(super) const BY_IDENTITY: &[&str] = &[
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/master.passwd",
    "/etc/sudoers",
    "/etc/krb5.keytab",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_dsa_key",
    "/etc/ssh/ssh_host_ecdsa_key",
    "/etc/ssh/ssh_host_ed25519_key",
    "/proc/kcore",
];

/// The compiled list; `None` if it doesn't compile, and then everything is forbidden. A test keeps that from happening.
static COMPILED: LazyLock<Option<GlobSet>> = LazyLock::new(|| compile(NEVER_READ).ok());

fn compile(list: &[NeverRead]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for line in list {
        let glob = GlobBuilder::new(line.pattern)
            .literal_separator(true)
            .case_insensitive(true)
            .empty_alternates(true)
            .backslash_escape(false)
            .build()?;
        set.add(glob);
    }
    set.build()
}

/// Whether the file or folder with this real, absolute path is never read.
#[must_use]
pub fn is_forbidden(real: &Path) -> bool {
    COMPILED.as_ref().is_none_or(|set| set.is_match(real))
}

/// The identities of [`BY_IDENTITY`], looked up once for each root.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct ForbiddenIds(Vec<FileId>);

#[cfg(unix)]
impl ForbiddenIds {
    pub(super) fn look_up(id_of: impl Fn(&Path) -> Option<FileId>) -> Self {
        Self(BY_IDENTITY.iter().filter_map(|path| id_of(Path::new(path))).collect())
    }

    pub(super) fn contains(&self, id: FileId) -> bool {
        self.0.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_compiles() {
        compile(NEVER_READ).unwrap();
    }

    #[test]
    fn what_holds_secrets_is_on_the_list_and_logs_are_not() {
        for path in [
            "/etc/shadow",
            "/etc/shadow-",
            "/srv/root/etc/gshadow-",
            "/etc/sudoers",
            "/etc/sudoers.d/ops",
            "/home/ada/.ssh/id_ed25519",
            "/backup/ID_RSA",
            "/home/ada/.ssh/work.pem",
            "/home/ada/.ssh/keys/work.key",
            "/etc/ssh/ssh_host_ed25519_key",
            "/etc/ssl/private/site.key",
            "/home/ada/.gnupg",
            "/home/ada/.gnupg/private-keys-v1.d/x.key",
            "/proc/1/environ",
            "/proc/1/mem",
            "/proc/1/task/12/environ",
            "/proc/kcore",
            "/dev/shm/x",
            "C:/Windows/System32/config/SAM",
            "C:/Windows/System32/config/RegBack/SECURITY",
            "C:/Users/ada/ntuser.dat.LOG1",
            "/Users/ada/Library/Keychains/login.keychain-db",
            "/home/ada/.config/chromium/Default/Login Data",
            "/home/ada/.mozilla/firefox/x.default/key4.db",
            "/home/ada/.mozilla/firefox/x.default/logins.json",
        ] {
            assert!(is_forbidden(Path::new(path)), "{path}");
        }
        for path in [
            "/var/log/syslog",
            "/etc/passwd",
            "/etc/ssh/sshd_config",
            "/etc/ssh/ssh_host_ed25519_key.pub",
            "/home/ada/.ssh/known_hosts",
            "/home/ada/.ssh/id_ed25519.pub",
            "/srv/app/server.pem",
            "/proc/meminfo",
            "/proc/1/status",
            "/opt/dev/app.log",
            "/dev",
            "C:/Windows/System32/config/systemprofile/x.log",
            "/home/ada/cookies.txt",
        ] {
            assert!(!is_forbidden(Path::new(path)), "{path}");
        }
    }
}
