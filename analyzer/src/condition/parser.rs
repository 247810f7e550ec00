//! Tokens → syntax tree. Precedence from loose to tight: `||`, `&&`, comparisons (not chained), `+ -`, `! -`, calls.

use super::error::Error;
use super::lexer::{Token, TokenKind, tokens};
use super::syntax::{Expr, Kind, Method, Operator, Query};
use crate::duration;

/// Most terms of one condition.
const MAX_TERMS: usize = 256;
/// Deepest nesting.
const MAX_DEPTH: usize = 32;

pub(super) fn parse(text: &str) -> Result<Expr, Error> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        terms: 0,
        depth: 0,
    };
    let expr = parser.or()?;
    let left_over = parser.peek();
    if left_over.kind == TokenKind::End {
        return Ok(expr);
    }
    let hint = match left_over.kind {
        TokenKind::Sign("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") => {
            "comparisons do not chain; join two with &&"
        }
        _ => "expected an operator or the end",
    };
    Err(Error::new(left_over.at, hint))
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    terms: usize,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Expr, Error> {
        self.chain(&[("||", Operator::Or)], Self::and)
    }

    fn and(&mut self) -> Result<Expr, Error> {
        self.chain(&[("&&", Operator::And)], Self::comparison)
    }

    fn sum(&mut self) -> Result<Expr, Error> {
        const SIGNS: [(&str, Operator); 2] = [("+", Operator::Plus), ("-", Operator::Minus)];
        self.chain(&SIGNS, Self::unary)
    }

    /// `operand (sign operand)*`, left to right.
    fn chain(
        &mut self,
        signs: &[(&str, Operator)],
        operand: fn(&mut Self) -> Result<Expr, Error>,
    ) -> Result<Expr, Error> {
        let mut left = operand(self)?;
        let mut links = 0;
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.take(sign)) {
            links += 1;
            if links >= MAX_DEPTH {
                return Err(too_deep(left.at));
            }
            let right = operand(self)?;
            left = binary(*operator, left, right);
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expr, Error> {
        const SIGNS: [(&str, Operator); 7] = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("in", Operator::In),
        ];
        let left = self.sum()?;
        match SIGNS.iter().find(|(sign, _)| self.take(sign)) {
            Some((_, operator)) => Ok(binary(*operator, left, self.sum()?)),
            None => Ok(left),
        }
    }

    fn unary(&mut self) -> Result<Expr, Error> {
        let at = self.peek().at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(at));
        }
        let kind = if self.take("!") {
            Kind::Not(Box::new(self.unary()?))
        } else if self.take("-") {
            Kind::Negative(Box::new(self.unary()?))
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(Expr { at, kind })
    }

    fn term(&mut self) -> Result<Kind, Error> {
        self.terms += 1;
        let token = self.advance();
        if self.terms > MAX_TERMS {
            return Err(Error::new(
                token.at,
                format!("more than {MAX_TERMS} terms; split the rule"),
            ));
        }
        match token.kind {
            TokenKind::Text(text) => Ok(Kind::Text(text)),
            TokenKind::Int(number) => Ok(Kind::Int(number)),
            TokenKind::Sign("(") => {
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner.kind)
            }
            TokenKind::Sign("[") => self.list(),
            TokenKind::Name(name) if self.take("(") => self.call(&name, token.at),
            TokenKind::Name(name) => Ok(match name.as_str() {
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                "null" => Kind::Null,
                _ => Kind::Name(name),
            }),
            TokenKind::Sign(_) | TokenKind::End => Err(Error::new(
                token.at,
                "expected a fact, a value or a call here",
            )),
        }
    }

    fn list(&mut self) -> Result<Kind, Error> {
        let mut items = Vec::new();
        while !self.take("]") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.unary()?);
        }
        Ok(Kind::List(items))
    }

    fn call(&mut self, name: &str, at: usize) -> Result<Kind, Error> {
        let kind = match name {
            "exists" | "all" => self.fold(name == "all")?,
            "size" => Kind::Size(Box::new(self.or()?)),
            "duration" => {
                let (text, at) = self.text_argument()?;
                Kind::Duration(duration::parse(&text).ok_or_else(|| {
                    Error::new(at, format!("`{text}` is not a duration such as 90s or 7d"))
                })?)
            }
            "version" => {
                let (text, at) = self.text_argument()?;
                let version = text.parse();
                Kind::Version(version.map_err(|error: crate::version::VersionError| {
                    Error::new(at, error.to_string())
                })?)
            }
            _ => match query(name) {
                Some(query) => Kind::Query(query, self.text_argument()?.0),
                None => self.method(name, at)?,
            },
        };
        self.expect(")")?;
        Ok(kind)
    }

    fn fold(&mut self, every: bool) -> Result<Kind, Error> {
        let list = self.or()?;
        self.expect(",")?;
        self.fold_over(every, list)
    }

    fn fold_over(&mut self, every: bool, list: Expr) -> Result<Kind, Error> {
        let token = self.advance();
        let item = match token.kind {
            TokenKind::Name(item) if !item.contains('.') => item,
            _ => {
                return Err(Error::new(
                    token.at,
                    "expected a name for the items: exists(units, u, u.name == \"kubelet.service\")",
                ));
            }
        };
        self.expect(",")?;
        Ok(Kind::Fold {
            every,
            list: Box::new(list),
            item,
            body: Box::new(self.or()?),
        })
    }

    /// `path.method(argument)`: the lexer took the method's name as the end of the path.
    fn method(&mut self, name: &str, at: usize) -> Result<Kind, Error> {
        let unknown = || {
            Error::new(
                at,
                format!(
                    "no function `{name}`; there are exists, all, size, duration, version, seen, present, count, first, last, and the methods startsWith, endsWith, contains"
                ),
            )
        };
        let (path, method) = name.rsplit_once('.').ok_or_else(unknown)?;
        let receiver = Expr {
            at,
            kind: Kind::Name(path.to_owned()),
        };
        let method = match method {
            "startsWith" => Method::StartsWith,
            "endsWith" => Method::EndsWith,
            "contains" => Method::Contains,
            "exists" => return self.fold_over(false, receiver),
            "all" => return self.fold_over(true, receiver),
            _ => return Err(unknown()),
        };
        Ok(Kind::Method(
            method,
            Box::new(receiver),
            Box::new(self.or()?),
        ))
    }

    fn text_argument(&mut self) -> Result<(String, usize), Error> {
        let token = self.advance();
        match token.kind {
            TokenKind::Text(text) => Ok((text, token.at)),
            _ => Err(Error::new(token.at, "expected a text in quotes")),
        }
    }

    fn peek(&self) -> &Token {
        const NOTHING: &Token = &Token {
            kind: TokenKind::End,
            at: 0,
        };
        self.tokens
            .get(self.next)
            .or(self.tokens.last())
            .unwrap_or(NOTHING)
    }

    /// The next token; its place in the list is left empty.
    fn advance(&mut self) -> Token {
        let at = self.peek().at;
        let kind = match self.tokens.get_mut(self.next) {
            Some(token) => std::mem::replace(&mut token.kind, TokenKind::End),
            None => TokenKind::End,
        };
        self.next += 1;
        Token { kind, at }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some(Token { kind: TokenKind::Sign(next), .. }) if *next == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Error> {
        if self.take(sign) {
            return Ok(());
        }
        Err(Error::new(self.peek().at, format!("expected `{sign}`")))
    }
}

fn query(name: &str) -> Option<Query> {
    Some(match name {
        "seen" => Query::Seen,
        "present" => Query::Present,
        "count" => Query::Count,
        "first" => Query::First,
        "last" => Query::Last,
        _ => return None,
    })
}

fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
    Expr {
        at: left.at,
        kind: Kind::Binary(operator, Box::new(left), Box::new(right)),
    }
}

fn too_deep(at: usize) -> Error {
    Error::new(
        at,
        format!("nested or chained more than {MAX_DEPTH} deep; split the rule"),
    )
}
