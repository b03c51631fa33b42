//! Root's rights, given up one by one. A server that runs as root is then a user who owns root's files.

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities,
};

/// Gives up every capability but those of `keep`: those that are held, and the right to get them back.
///
/// It is the calling thread's and its later children's; there are to be no others yet.
pub(crate) fn keep_only(keep: CapabilitySet) -> io::Result<()> {
    // An ordinary user may not shrink this set; there is nothing in it that `PR_SET_NO_NEW_PRIVS` would let
    // it use. The kernel knows fewer than 64, and says so.
    for at in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << at);
        if !keep.contains(one) && remove_capability_from_bounding_set(one).is_err() {
            break;
        }
    }
    // Kernels before 4.3 have no such set.
    let _ = clear_ambient_capability_set();
    let sets = CapabilitySets { effective: keep, permitted: keep, inheritable: CapabilitySet::empty() };
    Ok(set_capabilities(None, sets)?)
}
