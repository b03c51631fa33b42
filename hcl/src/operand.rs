//! The values within an expression that the tree holds as [`ExprKind::Opaque`].

use crate::cursor::{Cursor, Newlines};
use crate::{Expr, ExprKind, Span};

/// A literal, list or object that an expression works on, and what it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// Never opaque itself: of what is opaque, the operands are told instead.
    pub value: Expr,
    pub role: Role,
    /// The names of the functions it is given to, the outermost first.
    pub calls: Vec<Span>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// A function's argument, counted from 0.
    Argument(usize),
    /// One side of `==`, `!=`, `<` and the like, or a condition.
    Compared,
    /// `a[here]`.
    Index,
    /// What an expression may come to: a branch of a conditional, what a `for` yields, a side of an operator.
    Outcome,
}

/// Every operand of the expression in `span`, in the order they were read; none if it cannot be read.
///
/// Lists and objects are told whole, and not what is in them.
#[must_use]
pub fn operands(text: &str, span: Span) -> Vec<Operand> {
    let Some(mut cursor) = text.get(..span.end).and_then(|text| Cursor::new(text).ok()) else {
        return Vec::new();
    };
    cursor.pos = span.start;
    cursor.recorder = Some(Recorder::default());
    let read = cursor.recorded(Role::Outcome, |cursor| {
        cursor.skip_blank(Newlines::Blank)?;
        cursor.expression(Newlines::Blank)
    });
    match (read, cursor.recorder) {
        (Ok(_), Some(recorder)) => recorder.operands,
        _ => Vec::new(),
    }
}

/// Takes note of operands while an expression is read.
#[derive(Default)]
pub(crate) struct Recorder {
    operands: Vec<Operand>,
    calls: Vec<Span>,
}

impl Cursor<'_> {
    /// How many operands have been noted: those behind a mark belong to what is read after it.
    pub(crate) fn mark(&self) -> usize {
        self.recorder.as_ref().map_or(0, |it| it.operands.len())
    }

    /// Notes what `read` gives as an operand, unless it is opaque.
    pub(crate) fn recorded(
        &mut self,
        role: Role,
        read: impl FnOnce(&mut Self) -> Result<Expr, crate::Error>,
    ) -> Result<Expr, crate::Error> {
        let mark = self.mark();
        let expr = read(self)?;
        self.note(mark, &expr, role);
        Ok(expr)
    }

    /// Notes an operand in the place of those behind the mark, which stand within it.
    pub(crate) fn note(&mut self, mark: usize, expr: &Expr, role: Role) {
        if let Some(recorder) = &mut self.recorder
            && expr.kind != ExprKind::Opaque
        {
            recorder.operands.truncate(mark);
            recorder.operands.push(Operand { value: expr.clone(), role, calls: recorder.calls.clone() });
        }
    }

    /// Forgets the operand behind the mark: it turned out to be the whole.
    pub(crate) fn unnote(&mut self, mark: usize, expr: &Expr) {
        if let Some(recorder) = &mut self.recorder
            && expr.kind != ExprKind::Opaque
        {
            recorder.operands.truncate(mark);
        }
    }

    /// What was noted behind the mark is only compared.
    pub(crate) fn compared(&mut self, mark: usize) {
        if let Some(recorder) = &mut self.recorder {
            recorder.operands.iter_mut().skip(mark).for_each(|it| it.role = Role::Compared);
        }
    }

    /// Reads the arguments of the function named at `name`.
    pub(crate) fn called<T>(
        &mut self,
        name: Span,
        read: impl FnOnce(&mut Self) -> Result<T, crate::Error>,
    ) -> Result<T, crate::Error> {
        if let Some(recorder) = &mut self.recorder {
            recorder.calls.push(name);
        }
        let arguments = read(self);
        if let Some(recorder) = &mut self.recorder {
            recorder.calls.pop();
        }
        arguments
    }
}
