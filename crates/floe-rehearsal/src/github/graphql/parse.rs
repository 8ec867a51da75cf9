//! Parses a GraphQL query (GraphQL, October 2021, section 2) into the fields that it selects. Variables are replaced by
//! their values, and types are not checked. Fragments and directives are errors: `gh` has none where this server is used.

use serde_json::{Map, Value};

/// Selections and values that are nested deeper are refused.
const DEPTH: usize = 50;

/// A selected field.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name in the response.
    pub alias: String,
    pub name: String,
    pub arguments: Map<String, Value>,
    pub fields: Vec<Field>,
}

/// Returns the fields that a query with one operation selects.
///
/// # Errors
/// The message says what is wrong.
pub(super) fn parse(query: &str, variables: &Map<String, Value>) -> Result<Vec<Field>, String> {
    let mut parser = Parser { rest: query, variables: variables.clone(), depth: 0 };
    if parser.peek() != "{" {
        parser.expect("query")?;
        if parser.peek() != "(" && parser.peek() != "{" {
            parser.name()?;
        }
        parser.defaults()?;
    }
    let fields = parser.selection()?;
    parser.expect("")?;
    Ok(fields)
}

struct Parser<'q> {
    rest: &'q str,
    variables: Map<String, Value>,
    depth: usize,
}

impl<'q> Parser<'q> {
    /// The next token: a name, a number, a string with its quotes or a punctuator; empty at the end.
    fn peek(&mut self) -> &'q str {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let word = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
        let length = match self.rest.chars().next() {
            None => 0,
            Some('"') => {
                let mut escaped = false;
                let end = self.rest[1..].find(|c: char| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.map_or(self.rest.len(), |end| end + 2)
            }
            Some(c) if word(c) => self.rest.find(|c: char| !word(c)).unwrap_or(self.rest.len()),
            Some(c) => c.len_utf8(),
        };
        &self.rest[..length]
    }

    fn next(&mut self) -> &'q str {
        let token = self.peek();
        self.rest = &self.rest[token.len()..];
        token
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.peek() == token;
        if is_next {
            self.next();
        }
        is_next
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.next() {
            found if found == token => Ok(()),
            found => Err(format!("expected `{token}`, found `{found}`")),
        }
    }

    fn name(&mut self) -> Result<&'q str, String> {
        match self.next() {
            name if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => Ok(name),
            other => Err(format!("expected a name, found `{other}`")),
        }
    }

    /// Parses the variables of an operation. Those without a value get their defaults.
    fn defaults(&mut self) -> Result<(), String> {
        if !self.takes("(") {
            return Ok(());
        }
        while !self.takes(")") {
            self.expect("$")?;
            let name = self.name()?;
            self.expect(":")?;
            while matches!(self.peek(), "[" | "]" | "!") || self.peek().starts_with(char::is_alphabetic) {
                self.next();
            }
            if self.takes("=") {
                let default = self.value()?;
                self.variables.entry(name).or_insert(default);
            }
        }
        Ok(())
    }

    /// Parses something that is nested in something of its own kind.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == DEPTH {
            return Err("the query is nested too deeply".to_owned());
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.takes("}") {
            fields.push(self.nested(Self::field)?);
        }
        Ok(fields)
    }

    fn field(&mut self) -> Result<Field, String> {
        let alias = self.name()?;
        let name = if self.takes(":") { self.name()? } else { alias };
        let arguments = if self.takes("(") { self.pairs(")")? } else { Map::new() };
        let fields = if self.peek() == "{" { self.selection()? } else { Vec::new() };
        Ok(Field { alias: alias.to_owned(), name: name.to_owned(), arguments, fields })
    }

    fn pairs(&mut self, end: &str) -> Result<Map<String, Value>, String> {
        let mut pairs = Map::new();
        while !self.takes(end) {
            let name = self.name()?;
            self.expect(":")?;
            pairs.insert(name.to_owned(), self.nested(Self::value)?);
        }
        Ok(pairs)
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.next() {
            "$" => {
                let name = self.name()?;
                Ok(self.variables.get(name).cloned().unwrap_or_default())
            }
            "[" => {
                let mut values = Vec::new();
                while !self.takes("]") {
                    values.push(self.nested(Self::value)?);
                }
                Ok(Value::Array(values))
            }
            "{" => Ok(Value::Object(self.pairs("}")?)),
            // JSON has the same strings, numbers, booleans and null; any other name is a value of an enumeration.
            token => match serde_json::from_str(token) {
                Ok(value) => Ok(value),
                Err(_) if token.starts_with(char::is_alphabetic) => Ok(token.into()),
                Err(_) => Err(format!("expected a value, found `{token}`")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The fields as text, with their arguments.
    fn shown(fields: &[Field]) -> String {
        let show = |field: &Field| {
            let arguments = json!(field.arguments).to_string().replace("{}", "");
            let inner =
                if field.fields.is_empty() { String::new() } else { format!("{{{}}}", shown(&field.fields)) };
            format!("{}:{}{arguments}{inner}", field.alias, field.name)
        };
        fields.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn fields_have_their_arguments_with_the_values_of_variables() {
        let variables = json!({ "name": "x", "size": null });
        let parse = |query: &str| {
            parse(query, variables.as_object().unwrap()).map_or_else(|error| error, |fields| shown(&fields))
        };
        let deep = format!("{{ a(b: {}) }}", "[".repeat(100_000));
        for (query, expected) in [
            ("{ a b }", "a:a b:b"),
            (
                "query Q($name: [String!]!, $size: Int = 3, $n: Int = 4) { a(x: $name, y: $size, z: $n) }",
                r#"a:a{"x":"x","y":null,"z":4}"#,
            ),
            ("query($name:String!$owner:String!){b:a(name:$name){c,d}}", r#"b:a{"name":"x"}{c:c d:d}"#),
            (r#"{ a(b: {c: [1, "\"}", ENUM], d: true}) }"#, r#"a:a{"b":{"c":[1,"\"}","ENUM"],"d":true}}"#),
            ("{ a", "expected a name, found ``"),
            ("{ a(b 1) }", "expected `:`, found `1`"),
            ("{ a(b: \"x) }", "expected a value, found `\"x) }`"),
            ("{ ...F }", "expected a name, found `...F`"),
            ("{ a @skip(if: true) }", "expected a name, found `@`"),
            ("{ a } { b }", "expected ``, found `{`"),
            ("mutation { a }", "expected `query`, found `mutation`"),
            ("", "expected `query`, found ``"),
            (&"{a".repeat(100_000), "the query is nested too deeply"),
            (&deep, "the query is nested too deeply"),
        ] {
            assert_eq!(parse(query), expected, "{}", &query[..query.len().min(80)]);
        }
    }
}
