//! What belongs to a file beside its text: owner, mode, access-control list, extended attributes.

use std::{
    ffi::{CStr, CString},
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown},
};

use rustix::{
    buffer::spare_capacity,
    fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr},
    io::Errno,
};

/// The POSIX access-control list. A new file may have got one from its folder.
const ACL: &CStr = c"system.posix_acl_access";
/// What a kernel takes at most.
const LONGEST: usize = 64 << 10;

/// Gives a new file all that another one has. Answers which attributes it may not give: those that only the system sets.
pub(super) fn copy(from: &File, to: &File) -> io::Result<Vec<String>> {
    let (old, new) = (from.metadata()?, to.metadata()?);
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(to, Some(old.uid()), Some(old.gid()))?;
    }
    let (wanted, there) = (names(from)?, names(to)?);
    if there.iter().any(|it| it.as_c_str() == ACL) && !wanted.iter().any(|it| it.as_c_str() == ACL) {
        fremovexattr(to, ACL)?;
    }
    let mut lost = Vec::new();
    for name in &wanted {
        let Some(value) = value(from, name)? else { continue };
        if self::value(to, name).ok().flatten().as_ref() == Some(&value) {
            continue;
        }
        match fsetxattr(to, name.as_c_str(), &value, XattrFlags::empty()) {
            Ok(()) => {}
            Err(_) if is_of_the_system(name) => lost.push(name.to_string_lossy().into_owned()),
            Err(error) => return Err(error.into()),
        }
    }
    // A list has said something of the mode already; what it says is the same.
    to.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    Ok(lost)
}

/// A label of a security module, a hash of the integrity subsystem.
fn is_of_the_system(name: &CStr) -> bool {
    [b"security.".as_slice(), b"trusted."].iter().any(|it| name.to_bytes().starts_with(it))
}

fn names(file: &File) -> io::Result<Vec<CString>> {
    let mut list = Vec::with_capacity(LONGEST);
    match flistxattr(file, spare_capacity(&mut list)) {
        Ok(_) => {}
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    Ok(list.split(|it| *it == 0).filter(|it| !it.is_empty()).filter_map(|it| CString::new(it).ok()).collect())
}

/// `None` for one that is gone or that nobody may read.
fn value(file: &File, name: &CStr) -> io::Result<Option<Vec<u8>>> {
    let mut value = Vec::with_capacity(LONGEST);
    match fgetxattr(file, name, spare_capacity(&mut value)) {
        Ok(_) => Ok(Some(value)),
        Err(Errno::NODATA) => Ok(None),
        Err(Errno::ACCESS | Errno::PERM | Errno::NOTSUP) if is_of_the_system(name) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `user::rw-,user:1234:r--,group::r--,mask::rw-,other::---`, as the kernel writes it.
    fn list() -> Vec<u8> {
        let mut list = 2_u32.to_le_bytes().to_vec();
        let entries: [(u16, u16, u32); 5] =
            [(1, 6, u32::MAX), (2, 4, 1234), (4, 4, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)];
        for (tag, rights, id) in entries {
            list.extend(tag.to_le_bytes());
            list.extend(rights.to_le_bytes());
            list.extend(id.to_le_bytes());
        }
        list
    }

    fn two(dir: &tempfile::TempDir) -> (File, File) {
        let make = |name: &str| File::create(dir.path().join(name)).unwrap();
        (make("old"), make("new"))
    }

    // Rule 118
    #[test]
    fn a_list_and_attributes_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = two(&dir);
        fsetxattr(&old, ACL, &list(), XattrFlags::empty()).unwrap();
        fsetxattr(&old, c"user.origin", b"\0built", XattrFlags::empty()).unwrap();
        let mode = old.metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o660, "the mask of the list is the mode's group");
        assert_eq!(copy(&old, &new).unwrap(), Vec::<String>::new());
        assert_eq!(value(&new, ACL).unwrap(), Some(list()));
        assert_eq!(value(&new, c"user.origin").unwrap().unwrap(), b"\0built");
        assert_eq!(new.metadata().unwrap().mode(), mode);
    }

    // Rule 118: whom the folder would let read it, the file did not.
    #[test]
    fn what_the_folder_gives_is_not_added() {
        let dir = tempfile::tempdir().unwrap();
        let (old, _) = two(&dir);
        old.set_permissions(fs::Permissions::from_mode(0o640)).unwrap();
        let folder = File::open(dir.path()).unwrap();
        fsetxattr(&folder, c"system.posix_acl_default", &list(), XattrFlags::empty()).unwrap();
        let new = File::create(dir.path().join("newer")).unwrap();
        assert!(value(&new, ACL).unwrap().is_some(), "the folder gives a list");
        copy(&old, &new).unwrap();
        assert_eq!(value(&new, ACL).unwrap(), None);
        assert_eq!(new.metadata().unwrap().mode() & 0o7777, 0o640);
    }
}
