//! Where a file lies, in words that are the same on every machine, and what lies there with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use strongroom_fix::{Family, Sibling};

use super::replace::LONGEST;

/// The project's name, which is that of the repository's folder, and the folders below it. Without a repository it is the
/// file's own folder alone: what stands above it is a machine's.
pub(super) fn folder(file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    let root = folder.ancestors().find(|it| it.join(".git").exists()).unwrap_or(folder);
    let below = folder.strip_prefix(root.parent().unwrap_or(root)).unwrap_or(folder);
    let names = below.components().map(|it| it.as_os_str().to_string_lossy().into_owned());
    names.collect::<Vec<_>>().join("/")
}

/// Files of the same folder that whatever reads this one may read with it. `fixed` are those of this run.
pub(super) fn siblings(file: &Path, text: &str, fixed: &BTreeSet<PathBuf>) -> Vec<Sibling> {
    let family = Family::of(&file.to_string_lossy(), text);
    let entries = file.parent().and_then(|it| fs::read_dir(it).ok()).into_iter().flatten().flatten();
    let read = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        let is_one = path != file && family.is_read_with(&name);
        let is_short = || fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() <= LONGEST);
        // What is no text, no reader takes for one of its files.
        let text = if is_one && is_short() { fs::read_to_string(&path).ok()? } else { return None };
        Some(Sibling { name, text, is_fixed: fixed.contains(&path) })
    };
    let mut siblings: Vec<Sibling> = entries.filter_map(|it| read(it.path())).collect();
    siblings.sort_by(|a, b| a.name.cmp(&b.name));
    siblings
}

/// What files of variables hold that a Compose file and its siblings name, by the name that stands there.
pub(super) fn env_files(file: &Path, text: &str, siblings: &[Sibling]) -> BTreeMap<String, String> {
    if Family::of(&file.to_string_lossy(), text) != Family::Compose {
        return BTreeMap::new();
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_short = |it: &Path| fs::metadata(it).is_ok_and(|it| it.is_file() && it.len() <= LONGEST);
    let texts = siblings.iter().map(|it| it.text.as_str()).chain([text]);
    let named = texts.flat_map(strongroom_fix::env_files);
    named
        .filter_map(|name| {
            let path = folder.join(&name);
            is_short(&path).then(|| fs::read_to_string(&path).ok().map(|text| (name, text))).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_together_lies_in_one_folder() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["main.tf", "versions.tf", "prod.tfvars", "compose.yaml"] {
            fs::write(at(name), "a").unwrap();
        }
        fs::write(at("binary.tf"), [0xff]).unwrap();
        fs::create_dir(at("folder.tf")).unwrap();
        let of = |name: &str, fixed: &[PathBuf]| {
            let found =
                siblings(&at(name), "services:\n  a:\n    image: b\n", &fixed.iter().cloned().collect());
            found.into_iter().map(|it| (it.name, it.is_fixed)).collect::<Vec<_>>()
        };
        assert_eq!(of("main.tf", &[]), [("versions.tf".to_owned(), false)]);
        assert_eq!(of("main.tf", &[at("versions.tf")]), [("versions.tf".to_owned(), true)]);
        assert_eq!(of("compose.yaml", &[]), []);
        assert_eq!(of("run.sh", &[]), []);
    }

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
