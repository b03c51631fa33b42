//! Listing tokens.

use super::{ROOT, Token, Tokens};
use crate::{barrier::Class, clock::Timestamp, core::Unsealed, error::Result, store::PAGE};

impl Tokens {
    /// The accessors of all live tokens, sorted. Reads every record: it is asked for by people.
    pub(crate) async fn accessors(&self, open: &Unsealed, now: Timestamp) -> Result<Vec<String>> {
        let store = &open.store;
        let dir = store.dir(ROOT, "");
        let mut accessors = Vec::new();
        let mut after = None;
        loop {
            let page = store.records::<Token>(Class::Token, dir, after, PAGE).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|(place, _)| place.key);
            for (_, found) in page {
                if self.is_live(open, &found.value, now).await?
                    && let Some(selector) = found.value.selector()
                {
                    accessors.push(self.accessor(selector));
                }
            }
            if !full {
                break;
            }
        }
        accessors.sort_unstable();
        Ok(accessors)
    }
}
