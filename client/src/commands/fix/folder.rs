//! Where a file lies, in words that are the same on every machine.

use std::path::Path;

/// The project's name, which is that of the repository's folder, and the folders below it. Without a repository it is the
/// file's own folder alone: what stands above it is a machine's.
pub(super) fn folder(file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    let root = folder.ancestors().find(|it| it.join(".git").exists()).unwrap_or(folder);
    let below = folder.strip_prefix(root.parent().unwrap_or(root)).unwrap_or(folder);
    let names = below.components().map(|it| it.as_os_str().to_string_lossy().into_owned());
    names.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_lies_in_its_project() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("shop/deploy/staging");
        fs::create_dir_all(&deep).unwrap();
        let check = |file: &str, expected: &str| assert_eq!(folder(&home.path().join(file)), expected);
        check("shop/deploy/staging/web.hcl", "staging");
        // A worktree has a file of that name.
        fs::write(home.path().join("shop/.git"), "gitdir: elsewhere\n").unwrap();
        check("shop/deploy/staging/web.hcl", "shop/deploy/staging");
        check("shop/.env", "shop");
        fs::create_dir(deep.join(".git")).unwrap();
        check("shop/deploy/staging/web.hcl", "staging");
        assert_eq!(folder(Path::new("/x")), "");
    }
}
