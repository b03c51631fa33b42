//! A witness for tests: one sum over all rows, as plain as it can be.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use ring::digest::{Context, SHA256};

use crate::storage::{Change, HeadRow, RowKey, Unwitnessed, Witness};

/// The sum of SHA-256(key ‖ value) over all rows, modulo 2^256.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sum(pub [u8; 32]);

impl Sum {
    pub fn add(&mut self, key: &RowKey, value: &[u8]) {
        let mut carry = 0;
        for (to, from) in self.0.iter_mut().zip(leaf(key, value)) {
            let sum = u16::from(*to) + u16::from(from) + carry;
            [*to, _] = sum.to_le_bytes();
            carry = sum >> 8;
        }
    }

    pub fn subtract(&mut self, key: &RowKey, value: &[u8]) {
        let mut borrow = false;
        for (to, from) in self.0.iter_mut().zip(leaf(key, value)) {
            let (once, under) = to.overflowing_sub(from);
            let (twice, under_again) = once.overflowing_sub(u8::from(borrow));
            *to = twice;
            borrow = under || under_again;
        }
    }
}

fn leaf(key: &RowKey, value: &[u8]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(&key.0);
    context.update(value);
    context.finish().as_ref().to_vec()
}

/// Keeps the sum in the head row.
pub struct DigestWitness {
    head: RowKey,
    state: Mutex<State>,
}

struct State {
    durable: Sum,
    staged: Option<Sum>,
}

impl DigestWitness {
    /// Goes on from `sum`, the sum of the rows that are there.
    pub fn new(head: RowKey, sum: Sum) -> Self {
        Self { head, state: Mutex::new(State { durable: sum, staged: None }) }
    }

    /// The sum after the last physical commit that was settled.
    pub fn durable(&self) -> Sum {
        self.lock().durable
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for DigestWitness {
    fn advance(&self, changes: &[Change<'_>]) -> Result<HeadRow, Unwitnessed> {
        let mut state = self.lock();
        assert!(state.staged.is_none(), "the last physical commit was not settled");
        let mut sum = state.durable;
        for change in changes {
            if let Some(old) = change.old {
                sum.subtract(change.key, old);
            }
            if let Some(new) = change.new {
                sum.add(change.key, new);
            }
        }
        state.staged = Some(sum);
        Ok(HeadRow { key: self.head, value: Bytes::copy_from_slice(&sum.0) })
    }

    fn settle(&self, committed: bool) {
        let mut state = self.lock();
        let staged = state.staged.take();
        if committed && let Some(sum) = staged {
            state.durable = sum;
        }
    }
}
