//! What goes over the wire: types for both ends, one file per resource.

pub mod kv;
pub mod params;
