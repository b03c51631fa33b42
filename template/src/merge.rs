//! Merging maps as mergo does it, in place: the first map is changed for all who see it.

use std::rc::Rc;

use crate::error::{ErrorKind, Outcome};
use crate::interpreter::Interpreter;
use crate::limits::VALUE_DEPTH;
use crate::value::{self, Map, Value};

/// Takes from `from` what `into` has not or has empty; with `overwrite` also what it has.
pub(crate) fn merge(
    run: &mut Interpreter<'_, '_>,
    into: &Rc<Map>,
    from: &Rc<Map>,
    overwrite: bool,
) -> Outcome<()> {
    deep(run, into, from, overwrite, VALUE_DEPTH)
}

fn deep(
    run: &mut Interpreter<'_, '_>,
    into: &Rc<Map>,
    from: &Rc<Map>,
    overwrite: bool,
    depth: u32,
) -> Outcome<()> {
    let deeper = depth.checked_sub(1).ok_or(ErrorKind::TooDeep { limit: VALUE_DEPTH })?;
    if Rc::ptr_eq(into, from) {
        return Ok(());
    }
    let entries: Vec<_> = from.entries.borrow().iter().map(|(key, it)| (key.clone(), it.clone())).collect();
    for (key, theirs) in entries {
        run.step()?;
        if theirs.is_nil() && !overwrite {
            continue;
        }
        let ours = into.entry(&key);
        let empty = ours.as_ref().is_none_or(|it| !it.truth());
        let value = match (&ours, &theirs) {
            (Some(Value::Map(ours)), Value::Map(theirs)) if !empty => {
                deep(run, ours, theirs, overwrite, deeper)?;
                continue;
            }
            (Some(_), Value::Map(_)) if !empty => continue,
            (Some(Value::List(_)), Value::List(_)) if !empty && !overwrite => continue,
            (Some(_), _) if !empty && !overwrite => continue,
            _ => theirs,
        };
        value::insert(run, into, key, value)?;
    }
    Ok(())
}
