//! The Credential Manager of Windows.

#![allow(unsafe_code, reason = "credentials are given out only through the Windows API")]

use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_NOT_FOUND, GetLastError};
use windows_sys::Win32::Security::Credentials::{CRED_TYPE_GENERIC, CREDENTIALW, CredFree, CredReadW};

use super::KeyringError;

pub(super) fn password(service: &str, account: &str) -> Result<Vec<u8>, KeyringError> {
    let target: Vec<u16> = format!("{service}/{account}").encode_utf16().chain([0]).collect();
    let mut credential: *mut CREDENTIALW = ptr::null_mut();
    // SAFETY: the name ends in a zero and lives through the call; the answer goes into `credential`.
    if unsafe { CredReadW(target.as_ptr(), CRED_TYPE_GENERIC, 0, &raw mut credential) } == 0 {
        // SAFETY: asks this thread for a number.
        return Err(match unsafe { GetLastError() } {
            ERROR_NOT_FOUND => KeyringError::NoEntry,
            _ => KeyringError::NoKeyring("this session has no Credential Manager"),
        });
    }
    // SAFETY: the call succeeded, so `credential` is one, its blob has the stated size or is null, and it is freed once,
    // after the copy.
    let blob = unsafe {
        let CREDENTIALW { CredentialBlob: blob, CredentialBlobSize: size, .. } = *credential;
        let copy = if blob.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(blob, usize::try_from(size).unwrap_or(0)).to_vec()
        };
        CredFree(credential.cast());
        copy
    };
    if blob.is_empty() { Err(KeyringError::NoEntry) } else { Ok(text(blob)) }
}

/// The control panel and `cmdkey` store UTF-16, programs often UTF-8. A password of ours is no text with zeros in it.
fn text(blob: Vec<u8>) -> Vec<u8> {
    if !blob.contains(&0) || !blob.len().is_multiple_of(2) {
        return blob;
    }
    let units: Vec<u16> = blob.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows_sys::Win32::Security::Credentials::{CRED_PERSIST_SESSION, CredDeleteW, CredWriteW};

    #[test]
    fn a_generic_credential_is_read_in_either_encoding_and_an_absent_one_is_not_there() {
        assert_eq!(password("casefile-test", "absent"), Err(KeyringError::NoEntry));
        let mut name: Vec<u16> = "casefile-test/pager".encode_utf16().chain([0]).collect();
        for blob in [b"k3y".to_vec(), b"k\x003\0y\0".to_vec()] {
            let mut bytes = blob.clone();
            let credential = CREDENTIALW {
                Type: CRED_TYPE_GENERIC,
                TargetName: name.as_mut_ptr(),
                CredentialBlobSize: u32::try_from(bytes.len()).expect("short"),
                CredentialBlob: bytes.as_mut_ptr(),
                Persist: CRED_PERSIST_SESSION,
                ..Default::default()
            };
            // SAFETY: all pointers of the structure live through the call.
            assert_ne!(unsafe { CredWriteW(&raw const credential, 0) }, 0);
            assert_eq!(password("casefile-test", "pager"), Ok(b"k3y".to_vec()));
        }
        // SAFETY: the name ends in a zero.
        assert_ne!(unsafe { CredDeleteW(name.as_ptr(), CRED_TYPE_GENERIC, 0) }, 0);
    }
}
