//! Secrets engines: a folder each. No engine imports another; what two of them need stands here.

pub mod cubbyhole;
pub mod kv;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::sync::Arc;

use crate::{
    barrier::{Class, Dir, Root},
    crypto::SecretBytes,
    error::{Error, Result},
    request::Body,
    storage::{Batch, Op, Priority, Scan},
    store::Store,
};

/// The fields of an object as one text again, each once.
pub(crate) fn object(fields: &Body) -> Result<SecretBytes> {
    let len: usize = fields.iter().map(|(name, value)| field_len(name, value)).sum();
    let mut out = Vec::with_capacity(2 + len);
    out.push(b'{');
    for (name, value) in fields.iter() {
        begin_field(&mut out, name)?;
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
    Ok(SecretBytes::new(out))
}

/// Room for a field whose name takes escapes in the worst case.
fn field_len(name: &str, value: &str) -> usize {
    4 + name.len().saturating_mul(6) + value.len()
}

fn begin_field(out: &mut Vec<u8>, name: &str) -> Result<()> {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    serde_json::to_writer(&mut *out, name).map_err(|_| Error::Internal("a name could not be serialised"))?;
    out.push(b':');
    Ok(())
}

/// Deletes every record and marker of a tree.
async fn below(store: &Arc<Store>, class: Class, root: Root) -> Result<()> {
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let dir = store.dir(root, &folder);
        for name in store.names(class, dir).await? {
            if name.ends_with('/') {
                folders.push(format!("{folder}{name}"));
            }
        }
        empty(store, class, dir).await?;
    }
    Ok(())
}

async fn empty(store: &Arc<Store>, class: Class, dir: Dir) -> Result<()> {
    loop {
        let scan = Scan { dir: dir.key(class), after: None, until: None, limit: ROWS, values: false };
        let rows = store.storage.scan(scan).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ops = rows.into_iter().map(|it| Op::Delete { key: it.key }).collect();
        store.commit(Batch { ops, priority: Priority::Background, scrub: true })?.await?;
    }
}

/// Rows that are deleted in one batch of background work.
const ROWS: usize = 90;
