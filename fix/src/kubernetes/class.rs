//! SecretProviderClasses: what the driver asks the store for, and the Secret that it keeps.

use crate::{
    Options, Plan, Reference,
    beside::Clash,
    called::Called,
    kubernetes::{
        DEFAULT,
        there::{self, There},
    },
};

/// Which class.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Id {
    pub(super) name: String,
    pub(super) namespace: String,
    /// It logs in with this one.
    pub(super) role: String,
}

impl Id {
    /// One folder may hold the manifests of several namespaces.
    fn file(&self) -> String {
        match self.namespace.as_str() {
            DEFAULT => format!("{}.yaml", self.name),
            namespace => format!("{namespace}.{}.yaml", self.name),
        }
    }
}

/// One value that the driver fetches.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Item {
    pub(super) object: String,
    /// Where it lies in the store: `secret/data/shop`, and the field.
    pub(super) path: String,
    pub(super) field: String,
}

/// The classes of one manifest, in the order in which they were asked for.
pub(super) struct Classes<'a> {
    options: &'a Options,
    classes: Vec<Class>,
}

struct Class {
    id: Id,
    /// What an earlier fix asks for.
    there: There,
    added: Called,
}

impl<'a> Classes<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, classes: Vec::new() }
    }

    /// The key that a value has in the class's Secret. A value that the class has already keeps its key, and a name
    /// that another value has there is not free.
    pub(super) fn key(&mut self, id: &Id, reference: &Reference) -> String {
        let path = reference.data_path(&self.options.mount);
        let Some(Class { there, added, .. }) = self.class(id) else { return reference.field.clone() };
        match there.key_of_value(&path, &reference.field) {
            Some(key) => key.to_owned(),
            None => added.name(reference, &reference.field, |it| !there.has(it)),
        }
    }

    /// All of them as files beside the manifest.
    pub(super) fn put_beside(&self, plan: &mut Plan) -> Result<(), Clash> {
        for Class { id, added, .. } in &self.classes {
            let mut items: Vec<Item> = added
                .all()
                .map(|(reference, key)| Item {
                    object: key.to_owned(),
                    path: reference.data_path(&self.options.mount),
                    field: reference.field.clone(),
                })
                .collect();
            items.sort();
            plan.put_beside(id.file(), self.options, |text| match text {
                Some(text) => there::completed(text, id, &items),
                None => Ok(written(id, &items)),
            })?;
        }
        Ok(())
    }

    fn class(&mut self, id: &Id) -> Option<&mut Class> {
        if !self.classes.iter().any(|it| it.id == *id) {
            let text = self.options.beside.get(&id.file()).and_then(Option::as_deref);
            // That it cannot be completed is told when it is to be.
            let there = text.and_then(|it| there::find(it, id).ok().flatten()).unwrap_or_default();
            self.classes.push(Class { id: id.clone(), there, added: Called::default() });
        }
        self.classes.iter_mut().find(|it| it.id == *id)
    }
}

/// A whole class.
pub(super) fn written(id: &Id, items: &[Item]) -> String {
    let Id { name, namespace, role } = id;
    let (keys, objects) = (keys(items, "        "), objects(items, "      "));
    format!(
        "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  provider: strongroom\n  secretObjects:\n    - secretName: {name}\n      type: Opaque\n      data:\n{keys}  parameters:\n    roleName: {role}\n    objects: |\n{objects}",
    )
}

/// Items of `secretObjects[].data`.
pub(super) fn keys(items: &[Item], indent: &str) -> String {
    items.iter().map(|it| format!("{indent}- objectName: {0}\n{indent}  key: {0}\n", it.object)).collect()
}

/// Items of `parameters.objects`.
pub(super) fn objects(items: &[Item], indent: &str) -> String {
    items
        .iter()
        .map(|it| {
            format!(
                "{indent}- objectName: {}\n{indent}  secretPath: {}\n{indent}  secretKey: {}\n",
                it.object, it.path, it.field
            )
        })
        .collect()
}
