//! Text of a condition → tokens.

use super::error::Error;

/// One token and the byte it begins at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// `kubelet.config.path`, `exists`, `true`.
    Name(String),
    Text(String),
    Int(i64),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// Longest condition, in bytes.
pub(super) const MAX_BYTES: usize = 2000;

/// Longer signs stand before those that they begin with.
const SIGNS: [&str; 16] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "(", ")", "[", "]", ",",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(
            MAX_BYTES,
            format!("the condition is longer than {MAX_BYTES} bytes"),
        ));
    }
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let end = token.kind == TokenKind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Token, Error> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.at += blank;
        let at = self.at;
        let kind = match self.rest().chars().next() {
            None => TokenKind::End,
            Some('\'' | '"') => self.quoted()?,
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(),
            Some(c) => self.sign(c)?,
        };
        Ok(Token { kind, at })
    }

    fn quoted(&mut self) -> Result<TokenKind, Error> {
        let start = self.at;
        let mut letters = self.rest().char_indices();
        let quote = letters.next().map_or('\'', |(_, c)| c);
        let mut value = String::new();
        while let Some((offset, c)) = letters.next() {
            if c == quote {
                self.at += offset + 1;
                return Ok(TokenKind::Text(value));
            }
            if c != '\\' {
                value.push(c);
                continue;
            }
            match letters.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(c @ ('\\' | '\'' | '"')) => value.push(c),
                _ => {
                    return Err(Error::new(
                        start + offset,
                        r#"unknown escape; write \\, \', \", \n or \t"#,
                    ));
                }
            }
        }
        Err(Error::new(start, "this text has no closing quote"))
    }

    fn number(&mut self) -> Result<TokenKind, Error> {
        let start = self.at;
        let digits: String = self
            .rest()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        self.at += digits.len();
        let next = self.rest().chars().next();
        if next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.') {
            return Err(Error::new(
                start,
                "only whole numbers; write duration('5m') or version('1.24') for the others",
            ));
        }
        digits
            .parse()
            .map(TokenKind::Int)
            .map_err(|error| Error::new(start, format!("not a number: {error}")))
    }

    fn name(&mut self) -> TokenKind {
        let name: String = self
            .rest()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
            .collect();
        let name = name.trim_end_matches('.').to_owned();
        self.at += name.len();
        if name == "in" {
            TokenKind::Sign("in")
        } else {
            TokenKind::Name(name)
        }
    }

    fn sign(&mut self, c: char) -> Result<TokenKind, Error> {
        let sign = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign));
        let Some(sign) = sign else {
            let hint = match c {
                '&' => "; write &&",
                '|' => "; write ||",
                '=' => "; write ==",
                _ => "",
            };
            return Err(Error::new(
                self.at,
                format!("`{c}` means nothing here{hint}"),
            ));
        };
        self.at += sign.len();
        Ok(TokenKind::Sign(sign))
    }
}
