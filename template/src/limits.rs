//! What a template may cost. A template comes from whoever wrote the job, so that none may hang or fell its reader.

/// The longest text: of the result, and of each value on the way.
pub const TEXT_BYTES: usize = 16 << 20;

/// All bytes that the functions of one rendering may make together, those thrown away included.
pub(crate) const WORK_BYTES: usize = 128 << 20;

/// Nodes, commands and rounds of `range` that one rendering may go through.
pub(crate) const STEPS: u32 = 4_000_000;

/// How deep blocks, parentheses and calls of templates may stand in each other while they run.
pub(crate) const DEPTH: u32 = 120;

/// How deep blocks and parentheses may stand in each other in the source.
pub(crate) const NESTING: u32 = 60;

/// How deep lists and maps may stand in each other where a function walks them.
pub(crate) const VALUE_DEPTH: u32 = 100;
