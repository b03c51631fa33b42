//! The SecretProviderClass: what the driver asks the store for, and the Secret that it keeps.

use crate::{Beside, Options, Reference, kubernetes::outline::Object};

pub(super) struct Class<'a> {
    pub(super) name: &'a str,
    pub(super) object: &'a Object,
    pub(super) references: &'a [Reference],
    pub(super) options: &'a Options,
}

impl Class<'_> {
    pub(super) fn file(&self) -> Beside {
        let Self { name, object, references, options } = self;
        let keys: String = references
            .iter()
            .map(|it| format!("        - objectName: {0}\n          key: {0}\n", it.field))
            .collect();
        let objects: String = references
            .iter()
            .map(|it| {
                format!(
                    "      - objectName: {0}\n        secretPath: {1}\n        secretKey: {0}\n",
                    it.field,
                    it.data_path(&options.mount)
                )
            })
            .collect();
        let text = format!(
            "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata:\n  name: {name}\n  namespace: {}\nspec:\n  provider: strongroom\n  secretObjects:\n    - secretName: {name}\n      type: Opaque\n      data:\n{keys}  parameters:\n    roleName: {}\n    objects: |\n{objects}",
            object.namespace, object.name,
        );
        Beside { name: format!("{name}.yaml"), text }
    }
}
