//! Walks the tree and writes the result.

use crate::ast::{Branch, Command, Node, NodeKind, Operand, OperandKind, Pipe, Tree};
use crate::error::{Error, ErrorKind, Outcome};
use crate::field;
use crate::format;
use crate::functions::{self, Parameter, Run};
use crate::host::{Dependency, Host};
use crate::limits::{DEPTH, STEPS, WORK_BYTES};
use crate::number::Number;
use crate::scratch::Scratch;
use crate::text::{Sink, Text};
use crate::value::{Int, Nil, Value};
use std::collections::BTreeSet;
use std::rc::Rc;

/// One rendering in progress.
pub(crate) struct Interpreter<'t, 'h> {
    tree: &'t Tree,
    pub(crate) host: &'h mut dyn Host,
    pub(crate) scratch: Rc<Scratch>,
    pub(crate) used: BTreeSet<Dependency>,
    pub(crate) missing: BTreeSet<Dependency>,
    error_on_missing_key: bool,
    variables: Vec<(&'t str, Value)>,
    out: Sink,
    /// Where the source is read just now, for errors.
    at: usize,
    depth: u32,
    steps: u32,
    work: usize,
}

/// How a list of nodes ended.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

impl<'t, 'h> Interpreter<'t, 'h> {
    pub(crate) fn new(tree: &'t Tree, host: &'h mut dyn Host, error_on_missing_key: bool) -> Self {
        Self {
            tree,
            host,
            scratch: Rc::default(),
            used: BTreeSet::new(),
            missing: BTreeSet::new(),
            error_on_missing_key,
            variables: Vec::new(),
            out: Sink::new(),
            at: 0,
            depth: 0,
            steps: 0,
            work: 0,
        }
    }

    /// Renders the main template.
    pub(crate) fn run(&mut self, source: &str) -> Result<Sink, Error> {
        match self.call_template("", Value::ABSENT) {
            Ok(()) => Ok(std::mem::take(&mut self.out)),
            Err(kind) => Err(Error::at(source, self.at, kind)),
        }
    }

    /// Counts one step.
    pub(crate) fn step(&mut self) -> Outcome<()> {
        self.steps(1)
    }

    /// Counts what a function has to read, so that nobody pays for one step and takes many.
    fn charge(&mut self, given: &[Value]) -> Outcome<()> {
        for it in given {
            self.steps(match it {
                Value::Text(it) | Value::Number(it) => it.bytes().len() / 64,
                Value::List(it) => it.items.len(),
                Value::Map(it) => it.entries.borrow().len(),
                _ => 0,
            })?;
        }
        Ok(())
    }

    /// Counts several steps.
    pub(crate) fn steps(&mut self, count: usize) -> Outcome<()> {
        self.steps = self.steps.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        if self.steps > STEPS { Err(ErrorKind::TooManySteps) } else { Ok(()) }
    }

    /// Counts bytes that a function made.
    fn spend(&mut self, value: &Value) -> Outcome<()> {
        self.work += match value {
            Value::Text(it) => it.bytes().len(),
            Value::List(it) => it.items.len() * size_of::<Value>(),
            Value::Map(it) => it.entries.borrow().len() * 2 * size_of::<Value>(),
            _ => 0,
        };
        if self.work > WORK_BYTES { Err(ErrorKind::TooManySteps) } else { Ok(()) }
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(ErrorKind::TooDeep { limit: DEPTH });
        }
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Runs a template with variables of its own.
    fn call_template(&mut self, name: &str, dot: Value) -> Outcome<()> {
        let tree = self.tree;
        let nodes = tree.templates.get(name).ok_or(ErrorKind::UnknownTemplate)?;
        let variables = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let result = self.deeper(|it| it.list(&dot, nodes));
        self.variables = variables;
        result.map(|_| ())
    }

    /// `executeTemplate`: the result as a text.
    pub(crate) fn template_text(&mut self, name: &Text, dot: Value) -> Outcome<Text> {
        let name = name.utf8().ok_or(ErrorKind::UnknownTemplate)?.to_owned();
        let outer = std::mem::take(&mut self.out);
        let result = self.call_template(&name, dot);
        let inner = std::mem::replace(&mut self.out, outer);
        result.map(|()| inner.text())
    }

    // ---------------------------------------------------------------- nodes

    fn list(&mut self, dot: &Value, nodes: &'t [Node]) -> Outcome<Flow> {
        for node in nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, dot: &Value, node: &'t Node) -> Outcome<Flow> {
        self.step()?;
        self.at = node.at;
        match &node.kind {
            NodeKind::Action(pipe) => {
                let value = self.pipe(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at = node.at;
                    format::print(&value, &mut self.out)?;
                }
            }
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
            NodeKind::If(branch) => return self.choose(dot, branch, false),
            NodeKind::Range(branch) => return self.range(dot, branch),
            NodeKind::Template { name, argument } => {
                if !self.tree.templates.contains_key(name) {
                    return Err(ErrorKind::UnknownTemplate);
                }
                let dot = match argument {
                    Some(pipe) => self.pipe(dot, pipe)?,
                    None => Value::ABSENT,
                };
                self.call_template(name, dot)?;
            }
            NodeKind::Text(text) => self.out.push_str(text)?,
            NodeKind::With(branch) => return self.choose(dot, branch, true),
        }
        Ok(Flow::On)
    }

    fn choose(&mut self, dot: &Value, branch: &'t Branch, moves_dot: bool) -> Outcome<Flow> {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = self.deeper(|it| match (value.truth(), &branch.otherwise) {
            (true, _) => it.list(if moves_dot { &value } else { dot }, &branch.body),
            (false, Some(otherwise)) => it.list(dot, otherwise),
            (false, None) => Ok(Flow::On),
        });
        self.variables.truncate(mark);
        flow
    }

    fn range(&mut self, dot: &Value, branch: &'t Branch) -> Outcome<Flow> {
        let mark = self.variables.len();
        let flow = self.deeper(|it| it.rounds(dot, branch));
        self.variables.truncate(mark);
        flow
    }

    fn rounds(&mut self, dot: &Value, branch: &'t Branch) -> Outcome<Flow> {
        let over = self.pipe(dot, &branch.pipe)?;
        self.at = branch.pipe.at;
        let mut went = false;
        match &over {
            Value::List(list) => {
                for (index, item) in (0i64..).zip(&list.items) {
                    went = true;
                    if self.round(branch, Value::int(index), item.clone())? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                self.steps(map.entries.borrow().len())?;
                let entries: Vec<_> =
                    map.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                for (key, value) in entries {
                    went = true;
                    if self.round(branch, key.value(), value)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Loop(start, stop) => {
                for (index, number) in (0i64..).zip(*start..*stop) {
                    went = true;
                    if self.round(branch, Value::int(index), Value::int64(number))? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Int(count, kind) => {
                if branch.pipe.variables.len() > 1 {
                    return Err(ErrorKind::NotIterable("a number with two variables"));
                }
                for number in 0..*count {
                    went = true;
                    if self.round(branch, Value::ABSENT, Value::Int(number, *kind))? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Uint(count, kind) => {
                if branch.pipe.variables.len() > 1 {
                    return Err(ErrorKind::NotIterable("a number with two variables"));
                }
                for number in 0..*count {
                    went = true;
                    if self.round(branch, Value::ABSENT, Value::Uint(number, *kind))? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Nil(Nil::Absent | Nil::Any) => {}
            other => return Err(ErrorKind::NotIterable(other.type_name())),
        }
        match &branch.otherwise {
            Some(otherwise) if !went => self.list(dot, otherwise),
            _ => Ok(Flow::On),
        }
    }

    fn round(&mut self, branch: &'t Branch, index: Value, element: Value) -> Outcome<Flow> {
        self.step()?;
        let mark = self.variables.len();
        match branch.pipe.variables.as_slice() {
            [] => {}
            [one] => self.set_loop_variable(branch, one, 1, element.clone())?,
            [first, second, ..] => {
                self.set_loop_variable(branch, first, 2, index)?;
                self.set_loop_variable(branch, second, 1, element.clone())?;
            }
        }
        let flow = self.list(&element, &branch.body);
        self.variables.truncate(mark);
        flow
    }

    fn set_loop_variable(
        &mut self,
        branch: &'t Branch,
        name: &'t str,
        from_top: usize,
        value: Value,
    ) -> Outcome<()> {
        if branch.pipe.assigns {
            return self.assign(name, value);
        }
        let at = self.variables.len() - from_top.min(self.variables.len());
        if let Some(variable) = self.variables.get_mut(at) {
            variable.1 = value;
        }
        Ok(())
    }

    // ------------------------------------------------------------ pipelines

    fn assign(&mut self, name: &str, value: Value) -> Outcome<()> {
        let variable = self.variables.iter_mut().rev().find(|it| it.0 == name);
        variable.ok_or_else(|| ErrorKind::UnknownVariable(name.to_owned()))?.1 = value;
        Ok(())
    }

    fn pipe(&mut self, dot: &Value, pipe: &'t Pipe) -> Outcome<Value> {
        self.at = pipe.at;
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value)?.unwrapped());
        }
        let value = value.unwrap_or(Value::ABSENT);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((name.as_str(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'t Command, piped: Option<Value>) -> Outcome<Value> {
        self.step()?;
        self.ask(dot, &command.first, &command.arguments, piped)
    }

    /// The value of an operand, called with arguments if it can be.
    fn ask(
        &mut self,
        dot: &Value,
        operand: &'t Operand,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Outcome<Value> {
        self.at = operand.at;
        let called = !arguments.is_empty() || piped.is_some();
        let plain = |value: Value, what: &str| {
            if called { Err(ErrorKind::NotCallable(what.to_owned())) } else { Ok(value) }
        };
        match &operand.kind {
            OperandKind::Field(fields) => self.fields(dot, dot.clone(), fields, arguments, piped),
            OperandKind::Chain(of, fields) => {
                let receiver = self.deeper(|it| it.ask(dot, of, &[], None))?;
                self.at = operand.at;
                self.fields(dot, receiver, fields, arguments, piped)
            }
            OperandKind::Function(name) => {
                self.deeper(|it| it.function(dot, name, operand.at, arguments, piped))
            }
            OperandKind::Variable(name, fields) => {
                let found = self.variables.iter().rev().find(|it| it.0 == name).map(|it| it.1.clone());
                let value = found.ok_or_else(|| ErrorKind::UnknownVariable(name.clone()))?;
                if fields.is_empty() {
                    return plain(value, name);
                }
                self.fields(dot, value, fields, arguments, piped)
            }
            OperandKind::Pipe(pipe) => {
                if called {
                    return Err(ErrorKind::NotCallable("a parenthesis".to_owned()));
                }
                self.deeper(|it| it.pipe(dot, pipe))
            }
            OperandKind::Bool(it) => plain(Value::Bool(*it), "a constant"),
            OperandKind::Dot => plain(dot.clone(), "the dot"),
            OperandKind::Nil => Err(ErrorKind::Syntax("nil alone is no value")),
            OperandKind::Number(it) => plain(constant(*it)?, "a constant"),
            OperandKind::Text(it) => plain(Value::bytes(it), "a constant"),
        }
    }

    fn fields(
        &mut self,
        dot: &Value,
        mut receiver: Value,
        fields: &'t [String],
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Outcome<Value> {
        let Some((last, path)) = fields.split_last() else {
            return Ok(receiver);
        };
        for field in path {
            receiver = self.field(dot, receiver, field, &[], None)?;
        }
        self.field(dot, receiver, last, arguments, piped)
    }

    fn field(
        &mut self,
        dot: &Value,
        receiver: Value,
        name: &'t str,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Outcome<Value> {
        if let Some(method) = field::method(&receiver, name) {
            let given = self.arguments(dot, name, method.parameters, None, arguments, piped)?;
            return (method.call)(self, &receiver, &given);
        }
        if (!arguments.is_empty() || piped.is_some()) && !matches!(receiver, Value::Nil(Nil::Absent)) {
            return Err(ErrorKind::NotCallable(format!("the field {name:?}")));
        }
        field::field(&receiver, name, self.error_on_missing_key)
    }

    fn function(
        &mut self,
        dot: &Value,
        name: &'t str,
        at: usize,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Outcome<Value> {
        let function = functions::find(name).ok_or_else(|| ErrorKind::UnknownFunction(name.to_owned()))?;
        let call = match function.run {
            Run::Gone(why) => return Err(ErrorKind::Unsupported { function: name.to_owned(), why }),
            Run::ShortCircuit { stops_at } => {
                return self.short_circuit(dot, name, stops_at, arguments, piped);
            }
            Run::Call(call) => call,
        };
        let given = self.arguments(dot, name, function.parameters, function.variadic, arguments, piped)?;
        self.at = at;
        self.charge(&given)?;
        let value = call(self, name, &given)?;
        self.spend(&value)?;
        Ok(value)
    }

    /// `and` and `or`: the first argument that decides is the value, and none behind it is looked at.
    fn short_circuit(
        &mut self,
        dot: &Value,
        name: &'t str,
        stops_at: bool,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Outcome<Value> {
        let mut value = None;
        for (position, operand) in (1..).zip(arguments) {
            let it = self.argument(dot, name, position, Parameter::Reflect, operand)?;
            if it.truth() == stops_at {
                return Ok(it);
            }
            value = Some(it);
        }
        piped.or(value).ok_or_else(|| ErrorKind::ArgumentCount { function: name.to_owned(), want: 1, got: 0 })
    }

    fn arguments(
        &mut self,
        dot: &Value,
        name: &'t str,
        parameters: &[Parameter],
        variadic: Option<Parameter>,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Outcome<Vec<Value>> {
        let got = arguments.len() + usize::from(piped.is_some());
        if got < parameters.len() || (variadic.is_none() && got > parameters.len()) {
            return Err(ErrorKind::ArgumentCount { function: name.to_owned(), want: parameters.len(), got });
        }
        let parameter = |at: usize| parameters.get(at).copied().or(variadic).unwrap_or(Parameter::Any);
        let mut given = Vec::with_capacity(got);
        for (at, operand) in arguments.iter().enumerate() {
            given.push(self.argument(dot, name, at + 1, parameter(at), operand)?);
        }
        if let Some(piped) = piped {
            let at = given.len();
            given.push(parameter(at).accept(piped, name, at + 1)?);
        }
        Ok(given)
    }

    fn argument(
        &mut self,
        dot: &Value,
        name: &'t str,
        position: usize,
        parameter: Parameter,
        operand: &'t Operand,
    ) -> Outcome<Value> {
        self.step()?;
        self.at = operand.at;
        match &operand.kind {
            OperandKind::Nil => parameter.nil(name, position),
            OperandKind::Number(it) => parameter.constant(*it, name, position),
            _ => {
                let value = self.ask(dot, operand, &[], None)?;
                self.at = operand.at;
                parameter.accept(value, name, position)
            }
        }
    }
}

/// A number where nothing says of which type.
pub(crate) fn constant(it: Number) -> Outcome<Value> {
    match it {
        Number { looks_float: true, float: Some(float), .. } => Ok(Value::Float(float)),
        Number { int: Some(int), .. } => Ok(Value::Int(int, Int::Int)),
        _ => Err(ErrorKind::Syntax("a number that is too large")),
    }
}
