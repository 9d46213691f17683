//! Who can read a file on Windows, beside its owner, administrators and the system.

#![allow(unsafe_code, reason = "the list of who may read a file is known only to the Windows API")]

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GENERIC_ALL, GENERIC_READ, LocalFree};
use windows_sys::Win32::Security::Authorization::{GetSecurityInfo, SE_FILE_OBJECT};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACL, DACL_SECURITY_INFORMATION, GetAce, INHERIT_ONLY_ACE, IsWellKnownSid, WELL_KNOWN_SID_TYPE,
    WinAnonymousSid, WinAuthenticatedUserSid, WinBuiltinGuestsSid, WinBuiltinUsersSid, WinInteractiveSid,
    WinNetworkSid, WinWorldSid,
};
use windows_sys::Win32::Storage::FileSystem::FILE_READ_DATA;

/// `ACCESS_ALLOWED_ACE_TYPE` (winnt.h).
const ALLOWED: u8 = 0;

/// Everybody, or nearly: groups that one is in without anybody's doing.
const STRANGERS: [(WELL_KNOWN_SID_TYPE, &str); 7] = [
    (WinWorldSid, "everyone"),
    (WinAuthenticatedUserSid, "every user"),
    (WinBuiltinUsersSid, "every user of this machine"),
    (WinBuiltinGuestsSid, "every guest"),
    (WinAnonymousSid, "whoever comes without a name"),
    (WinInteractiveSid, "whoever sits at this machine"),
    (WinNetworkSid, "whoever comes over the network"),
];

/// Strangers who can read `file`, where there are any.
pub(super) fn strangers(file: &File) -> io::Result<Option<&'static str>> {
    let mut dacl: *mut ACL = ptr::null_mut();
    let mut descriptor = ptr::null_mut();
    // SAFETY: the handle is open; owner, group and the list of audits are not asked for and may be null.
    let status = unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut dacl,
            ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    if status != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(i32::try_from(status).unwrap_or(i32::MAX)));
    }
    // A file without a list is open to all (MS-DTYP 2.4.5).
    // SAFETY: the list lives as long as its descriptor, which is freed after the last look.
    let who = if dacl.is_null() { Some("everyone") } else { unsafe { in_list(dacl) } };
    // SAFETY: the call above allocated it, and it is freed once.
    unsafe { LocalFree(descriptor) };
    Ok(who)
}

/// # Safety
/// `dacl` must point to a valid list.
unsafe fn in_list(dacl: *const ACL) -> Option<&'static str> {
    // SAFETY: by the caller's promise.
    let count = u32::from(unsafe { (*dacl).AceCount });
    (0..count).find_map(|n| {
        let mut entry = ptr::null_mut();
        // SAFETY: `n` is below the count; the answer points into the list.
        if unsafe { GetAce(dacl, n, &raw mut entry) } == 0 {
            return None;
        }
        let entry: *const ACCESS_ALLOWED_ACE = entry.cast_const().cast();
        // SAFETY: every entry begins with this header.
        let header = unsafe { (*entry).Header };
        if header.AceType != ALLOWED || u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0 {
            return None;
        }
        // SAFETY: an entry of this type has a mask, and a SID that begins at `SidStart`.
        let (mask, sid) = unsafe { ((*entry).Mask, (&raw const (*entry).SidStart).cast_mut().cast()) };
        if mask & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL) == 0 {
            return None;
        }
        // SAFETY: `sid` is a valid SID.
        STRANGERS.iter().find(|(kind, _)| unsafe { IsWellKnownSid(sid, *kind) } != 0).map(|(_, who)| *who)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::process::{CommandSpec, run, system_program};
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    #[test]
    fn a_file_that_everyone_may_read_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pager");
        std::fs::write(&path, "k3y").unwrap();
        // Without the program that gives rights there is nothing to test: wine has none.
        let Some(icacls) = system_program("icacls") else { return };
        let grant = |who: &str| {
            let args = [path.display().to_string(), "/inheritance:r".to_owned(), "/grant:r".to_owned(), who.to_owned()];
            let timeout = Duration::from_secs(60);
            let spec = CommandSpec {
                program: icacls.clone(),
                args: args.to_vec(),
                timeout,
                output_cap: 1 << 16,
                environment: Vec::new(),
            };
            run(&spec, &AtomicBool::new(false)).unwrap();
        };
        grant("*S-1-1-0:R");
        assert_eq!(strangers(&File::open(&path).unwrap()).unwrap(), Some("everyone"));
    }
}
