//! The SecretProviderClass: what the driver asks the store for, and the Secret that it keeps.

use crate::{Beside, Options, called::Called, kubernetes::outline::Object};

pub(super) struct Class<'a> {
    pub(super) name: &'a str,
    pub(super) object: &'a Object,
    pub(super) keys: &'a Called,
    pub(super) role: &'a str,
    pub(super) options: &'a Options,
}

impl Class<'_> {
    pub(super) fn file(&self) -> Beside {
        let Self { name, object, keys, role, options } = self;
        let mut all: Vec<_> = keys.all().map(|(reference, key)| (key, reference)).collect();
        all.sort();
        let data: String = all
            .iter()
            .map(|(key, _)| format!("        - objectName: {key}\n          key: {key}\n"))
            .collect();
        let objects: String = all
            .iter()
            .map(|(key, it)| {
                format!(
                    "      - objectName: {key}\n        secretPath: {}\n        secretKey: {}\n",
                    it.data_path(&options.mount),
                    it.field,
                )
            })
            .collect();
        let text = format!(
            "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata:\n  name: {name}\n  namespace: {}\nspec:\n  provider: strongroom\n  secretObjects:\n    - secretName: {name}\n      type: Opaque\n      data:\n{data}  parameters:\n    roleName: {role}\n    objects: |\n{objects}",
            object.namespace,
        );
        // One folder may hold the manifests of several namespaces.
        let file = match object.namespace.as_str() {
            super::DEFAULT => format!("{name}.yaml"),
            namespace => format!("{namespace}.{name}.yaml"),
        };
        Beside { name: file, text }
    }
}
