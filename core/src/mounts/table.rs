//! The table: from a path to its mount and route.

use std::{collections::HashMap, sync::Arc};

use super::{Mount, MountClass};
use crate::{
    engine::Engine,
    request::{Operation, RequestPath},
    route::{Params, Route},
};

/// All mounts.
pub struct Table {
    /// By full path, trailing slash included.
    by_path: HashMap<Box<str>, Arc<Mounted>>,
}

/// A mount and the engine that serves it.
pub struct Mounted {
    pub mount: Mount,
    pub engine: &'static dyn Engine,
}

/// Where a path leads.
pub struct Found<'p> {
    pub mounted: Arc<Mounted>,
    /// The path relative to the mount.
    pub path: &'p str,
    /// None if the engine does not know the path.
    pub route: Option<(&'static Route, Params<'p>)>,
}

impl Table {
    pub(super) fn new(mounts: Vec<Arc<Mounted>>) -> Self {
        let by_path = mounts.into_iter().map(|it| (it.mount.full_path().into_boxed_str(), it));
        Self { by_path: by_path.collect() }
    }

    /// The mount that a path lies in: as no mount lies within another, the first that fits is the only one.
    pub fn owner<'p>(&self, path: &'p str) -> Option<(&Arc<Mounted>, &'p str)> {
        let within = path.match_indices('/').find_map(|(at, _)| {
            let (prefix, rest) = path.split_at(at + 1);
            self.by_path.get(prefix).map(|mounted| (mounted, rest))
        });
        // The mount itself, typed without its slash.
        within.or_else(|| self.by_path.get(&*format!("{path}/")).map(|mounted| (mounted, "")))
    }

    pub fn find<'p>(&self, path: &'p RequestPath) -> Option<Found<'p>> {
        let (mounted, rest) = self.owner(path.as_str())?;
        let route = crate::route::find(mounted.engine.routes(&mounted.mount), rest);
        Some(Found { mounted: mounted.clone(), path: rest, route })
    }

    /// The spelling under which a path is decided on, acted upon and recorded, if it is another than the one
    /// that came: `role/ADMIN/` and `role/admin` are one role, and a policy about one is about the other.
    pub(crate) fn spelling(&self, path: &RequestPath, operation: Operation) -> Option<RequestPath> {
        // What nearly every path is, at no cost.
        if !path.is_folder() && !path.as_str().bytes().any(|it| it.is_ascii_uppercase()) {
            return None;
        }
        let Found { mounted, path: rest, route } = self.find(path)?;
        let (route, params) = route?;
        let lists = matches!(operation, Operation::List | Operation::Scan);
        let has_folders = mounted.engine.has_folders() && route.has_folders();
        let keeps_slash = path.is_folder() && (lists || has_folders);
        let spelling = route.spelling(&params, mounted.engine.folded(), keeps_slash);
        let mount = path.as_str().strip_suffix(rest)?;
        let spelling = RequestPath::new(path.namespace(), &format!("{mount}{spelling}")).ok()?;
        (spelling != *path).then_some(spelling)
    }

    /// The mount at exactly this full path.
    pub fn at(&self, full_path: &str) -> Option<&Arc<Mounted>> {
        self.by_path.get(full_path)
    }

    /// What stands in the way of a mount at `full_path`: one at it, above it, or below it.
    pub fn conflict(&self, full_path: &str) -> Option<&Arc<Mounted>> {
        let above = self.owner(full_path).map(|(mounted, _)| mounted);
        above.or_else(|| {
            self.by_path.iter().find(|(path, _)| path.starts_with(full_path)).map(|(_, mounted)| mounted)
        })
    }

    /// All mounts of a class, by path.
    pub fn all(&self, class: MountClass) -> Vec<&Mount> {
        let mut all: Vec<&Mount> =
            self.by_path.values().map(|it| &it.mount).filter(|it| it.class == class).collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    pub fn by_accessor(&self, accessor: &str) -> Option<&Mount> {
        self.by_path.values().map(|it| &it.mount).find(|it| it.accessor == accessor)
    }
}
