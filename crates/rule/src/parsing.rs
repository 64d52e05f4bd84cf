//! From text to a tree of our own. The only file that knows the parser of CEL: its tree ends here.
//!
//! The parser has no budget, so the text is scanned first ([`scanning`]): what comes to the parser is short, its
//! brackets are few, and everything it would be surprised by was refused. It reports places in bytes for what it
//! understands, and as lines and columns where it fails.

mod scanning;

use std::sync::{Mutex, PoisonError};
use std::thread;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators};

use crate::fault::{Fault, Foreign, Limit, Position, Trouble, Unreadable};
use crate::limits;

/// What was written, before anybody asked what it means.
#[derive(Debug)]
pub(crate) struct Syntax {
    pub(crate) at: Position,
    pub(crate) form: Spelling,
}

#[derive(Debug)]
pub(crate) enum Spelling {
    /// With its dots.
    Name(String),
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Syntax>),
    Not(Box<Syntax>),
    Negated(Box<Syntax>),
    Operation {
        left: Box<Syntax>,
        by: Operator,
        right: Box<Syntax>,
    },
    /// `name(arguments)`, or `of.name(arguments)`.
    Call {
        of: Option<Box<Syntax>>,
        name: String,
        arguments: Vec<Syntax>,
    },
    /// What was refused already.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    And,
    Or,
    In,
    Plus,
    Minus,
    Times,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Operator {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [
            (operators::LOGICAL_AND, Self::And),
            (operators::LOGICAL_OR, Self::Or),
            (operators::IN, Self::In),
            (operators::ADD, Self::Plus),
            (operators::SUBSTRACT, Self::Minus),
            (operators::MULTIPLY, Self::Times),
            (operators::EQUALS, Self::Equal),
            (operators::NOT_EQUALS, Self::Unequal),
            (operators::LESS, Self::Less),
            (operators::LESS_EQUALS, Self::AtMost),
            (operators::GREATER, Self::More),
            (operators::GREATER_EQUALS, Self::AtLeast),
        ]
        .into_iter()
        .find_map(|(one, operator)| (one == name).then_some(operator))
    }
}

/// What the parser may use. The worst that the limits let through took a third of it where nothing was optimised;
/// memory that is not used costs nothing.
const STACK_BYTES: usize = 16 << 20;

/// One text is read at a time, so that however many callers there are, there is one such stack.
static ROOM: Mutex<()> = Mutex::new(());

/// Reads a text. Answers a tree wherever there is one, even with faults, so that checking can add its own to them; no
/// tree where the text is beyond a limit or no expression at all.
pub(crate) fn parse(source: &str, faults: &mut Vec<Fault>) -> Option<Syntax> {
    if !scanning::scan(source, faults) {
        return None;
    }
    // The parser takes a dozen calls for each bracket, and its caller may have little stack left. A thread of its own
    // also keeps a panic of the parser from becoming ours.
    // The room holds nothing that a panic could have left half done.
    let room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    let parsed = thread::scope(|scope| {
        let builder = thread::Builder::new().name("rule-parser".to_owned()).stack_size(STACK_BYTES);
        builder.spawn_scoped(scope, || read(source, faults)).map(thread::ScopedJoinHandle::join)
    });
    drop(room);
    if let Ok(Ok(syntax)) = parsed {
        return syntax;
    }
    faults.push(Trouble::ParserFailed.at(Position { line: 1, column: 1 }));
    None
}

fn read(source: &str, faults: &mut Vec<Fault>) -> Option<Syntax> {
    // An environment without macros: `has` is ours, and nothing is to be expanded behind our back.
    let nesting = u16::try_from(limits::BRACKETS.saturating_mul(2)).unwrap_or(u16::MAX);
    let parser = cel::Env::default().parser().max_recursion_depth(nesting);
    match parser.parse_with_source_info(source) {
        Ok((tree, places)) => Some(Reading { source, places, faults }.tree(tree)),
        Err(errors) => {
            if faults.is_empty() {
                faults.extend(errors.errors.iter().map(|error| fault(source, error)));
            }
            None
        }
    }
}

/// The parser's message, without its lists of what it would have liked.
fn fault(source: &str, error: &cel::ParseError) -> Fault {
    let text = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    let text = text.split(" expecting ").next().unwrap_or(text);
    let found = text.split_once(" input ").map(|(_, found)| found.trim_matches('\''));
    let what = match found {
        Some("<EOF>") => Unreadable::EndsEarly,
        Some(found) => Unreadable::Unexpected(found.to_owned()),
        None if text.starts_with("invalid int") => Unreadable::NumberTooLarge,
        None if text.starts_with("invalid string") => Unreadable::NoSuchLetter,
        None => Unreadable::Other(text.replace("'<EOF>'", "the end")),
    };
    let place = u32::try_from(error.pos.0).ok().zip(u32::try_from(error.pos.1).ok());
    let at = match place {
        Some((line, column)) if line > 0 && column > 0 => Position { line, column },
        _ => Position::of_byte(source, source.len()),
    };
    Trouble::Syntax(what).at(at)
}

struct Reading<'a> {
    source: &'a str,
    places: SourceInfo,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn place(&self, id: u64) -> Position {
        let byte = self.places.offset_for(id).and_then(|(start, _)| usize::try_from(start).ok());
        Position::of_byte(self.source, byte.unwrap_or(self.source.len()))
    }

    fn refuse(&mut self, at: Position, what: Foreign) -> Spelling {
        // The scan knows some of these by their signs and has told them.
        if self.faults.iter().all(|fault| fault.at != at) {
            self.faults.push(Trouble::NotForRules(what).at(at));
        }
        Spelling::Refused
    }

    fn tree(&mut self, tree: IdedExpr) -> Syntax {
        let at = self.place(tree.id);
        let form = match tree.expr {
            Expr::Ident(name) => Spelling::Name(name),
            Expr::Literal(value) => self.literal(at, value),
            Expr::List(list) => Spelling::List(list.elements.into_iter().map(|one| self.tree(one)).collect()),
            Expr::Select(select) => return self.name(at, select),
            Expr::Call(call) => self.call(at, call),
            Expr::Map(_) => self.refuse(at, Foreign::Map),
            Expr::Struct(_) => self.refuse(at, Foreign::Message),
            Expr::Comprehension(_) => self.refuse(at, Foreign::Loop),
            Expr::Unspecified => self.refuse(at, Foreign::Nothing),
        };
        Syntax { at, form }
    }

    /// `a.b.c` is one name. It stands where it begins, not at its last dot.
    fn name(&mut self, at: Position, select: SelectExpr) -> Syntax {
        let operand = self.tree(*select.operand);
        if let Spelling::Name(name) = operand.form {
            return Syntax { at: operand.at, form: Spelling::Name(format!("{name}.{}", select.field)) };
        }
        let told = matches!(operand.form, Spelling::Refused);
        let form = if told { operand.form } else { self.refuse(at, Foreign::Field) };
        Syntax { at, form }
    }

    fn literal(&mut self, at: Position, value: LiteralValue) -> Spelling {
        match value {
            LiteralValue::Boolean(value) => Spelling::Bool(value.into_inner()),
            LiteralValue::Int(value) => Spelling::Int(value.into_inner()),
            LiteralValue::String(value) if value.inner().len() > limits::TEXT_BYTES => {
                self.faults.push(Trouble::TooMuch(Limit::TextBytes).at(at));
                Spelling::Refused
            }
            LiteralValue::String(value) => Spelling::Text(value.into_inner()),
            LiteralValue::Null => self.refuse(at, Foreign::Null),
            LiteralValue::Double(_) => self.refuse(at, Foreign::Decimal),
            LiteralValue::UInt(_) => self.refuse(at, Foreign::Unsigned),
            LiteralValue::Bytes(_) => self.refuse(at, Foreign::Bytes),
        }
    }

    fn call(&mut self, at: Position, call: CallExpr) -> Spelling {
        let CallExpr { func_name, target, args } = call;
        if let Some(operator) = Operator::of(&func_name) {
            return self.operation(operator, args);
        }
        match func_name.as_str() {
            operators::CONDITIONAL => self.refuse(at, Foreign::Ternary),
            operators::DIVIDE | operators::MODULO => self.refuse(at, Foreign::Division),
            operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT => self.refuse(at, Foreign::Index),
            operators::LOGICAL_NOT | operators::NEGATE => {
                let mut inner = args.into_iter().map(|one| self.tree(one));
                match (inner.next(), func_name == operators::NEGATE) {
                    (Some(inner), true) => Spelling::Negated(Box::new(inner)),
                    (Some(inner), false) => Spelling::Not(Box::new(inner)),
                    (None, _) => Spelling::Refused,
                }
            }
            _ => Spelling::Call {
                of: target.map(|one| Box::new(self.tree(*one))),
                name: func_name,
                arguments: args.into_iter().map(|one| self.tree(one)).collect(),
            },
        }
    }

    fn operation(&mut self, by: Operator, args: Vec<IdedExpr>) -> Spelling {
        let mut parts = args.into_iter().map(|one| Box::new(self.tree(one)));
        match (parts.next(), parts.next()) {
            (Some(left), Some(right)) => Spelling::Operation { left, by, right },
            _ => Spelling::Refused,
        }
    }
}
