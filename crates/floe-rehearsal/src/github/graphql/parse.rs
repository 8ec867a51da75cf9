//! Parses a GraphQL query (GraphQL specification, section 2) into the fields that it selects. Variables are replaced by
//! their values, and types are not checked. Fragments, directives and defaults of variables are errors: `gh` has none where
//! this server is used.

use serde_json::{Map, Value, json};

/// Selections and values that are nested deeper are refused.
const DEPTH: usize = 50;

/// A selected field.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name in the response.
    pub alias: String,
    pub name: String,
    pub arguments: Value,
    pub fields: Vec<Field>,
}

/// Returns the fields that a query with one operation selects.
///
/// # Errors
/// The message says what is wrong.
pub(super) fn parse(query: &str, variables: &Value) -> Result<Vec<Field>, String> {
    let mut parser = Parser { tokens: tokens(query)?.into_iter(), variables };
    if parser.peek() != "{" {
        parser.expect("query")?;
        // Its name, and the types of the variables.
        while parser.peek() != "{" {
            if ["", "=", "@"].contains(&parser.next()) {
                return Err("expected `{` after the types of variables, which have no defaults".to_owned());
            }
        }
    }
    let fields = parser.selection()?;
    parser.expect("")?;
    Ok(fields)
}

/// The tokens of a query: names, numbers, strings with their quotes, and punctuators.
fn tokens(query: &str) -> Result<Vec<&str>, String> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    let blank = |c: char| c.is_whitespace() || c == ',';
    let (mut tokens, mut depth, mut rest) = (Vec::new(), 0_usize, query.trim_start_matches(blank));
    while let Some(first) = rest.chars().next() {
        let length = match first {
            // JSON has the same strings.
            '"' => {
                let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                strings.next().filter(Result::is_ok).map_or(rest.len(), |_| strings.byte_offset())
            }
            c if word(c) => rest.find(|c: char| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        match first {
            '{' | '[' | '(' if depth == DEPTH => return Err("the query is nested too deeply".to_owned()),
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start_matches(blank);
    }
    Ok(tokens)
}

struct Parser<'q> {
    tokens: std::vec::IntoIter<&'q str>,
    variables: &'q Value,
}

impl<'q> Parser<'q> {
    /// The next token; empty at the end.
    fn peek(&self) -> &'q str {
        self.tokens.as_slice().first().copied().unwrap_or_default()
    }

    fn next(&mut self) -> &'q str {
        self.tokens.next().unwrap_or_default()
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

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.takes("}") {
            fields.push(self.field()?);
        }
        Ok(fields)
    }

    fn field(&mut self) -> Result<Field, String> {
        let alias = self.name()?;
        let name = if self.takes(":") { self.name()? } else { alias };
        let arguments = if self.takes("(") { self.pairs(")")? } else { json!({}) };
        let fields = if self.peek() == "{" { self.selection()? } else { Vec::new() };
        Ok(Field { alias: alias.to_owned(), name: name.to_owned(), arguments, fields })
    }

    /// An object, after its begin.
    fn pairs(&mut self, end: &str) -> Result<Value, String> {
        let mut pairs = Map::new();
        while !self.takes(end) {
            let name = self.name()?;
            self.expect(":")?;
            pairs.insert(name.to_owned(), self.value()?);
        }
        Ok(Value::Object(pairs))
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.next() {
            "$" => {
                let name = self.name()?;
                Ok(self.variables[name].clone())
            }
            "[" => {
                let mut values = Vec::new();
                while !self.takes("]") {
                    values.push(self.value()?);
                }
                Ok(Value::Array(values))
            }
            "{" => self.pairs("}"),
            // JSON has the same numbers, booleans and null; any other name is a value of an enumeration.
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
    use super::*;

    /// The fields as text, with their arguments.
    fn shown(fields: &[Field]) -> String {
        let show = |field: &Field| {
            let arguments = field.arguments.to_string().replace("{}", "");
            let inner =
                if field.fields.is_empty() { String::new() } else { format!("{{{}}}", shown(&field.fields)) };
            format!("{}:{}{arguments}{inner}", field.alias, field.name)
        };
        fields.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn fields_have_their_arguments_with_the_values_of_variables() {
        let variables = json!({ "name": "x", "size": null });
        let parse =
            |query: &str| parse(query, &variables).map_or_else(|error| error, |fields| shown(&fields));
        let deep = format!("{{ a(b: {}) }}", "[".repeat(100_000));
        for (query, expected) in [
            ("{ a b }", "a:a b:b"),
            (
                "query Q($name: [String!]!, $size: Int) { a(x: $name, y: $size, z: $absent) }",
                r#"a:a{"x":"x","y":null,"z":null}"#,
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
            ("query($n: Int = 4) { a }", "expected `{` after the types of variables, which have no defaults"),
            ("query($n: Int", "expected `{` after the types of variables, which have no defaults"),
            ("query @live { a }", "expected `{` after the types of variables, which have no defaults"),
            ("", "expected `query`, found ``"),
            (&"{a".repeat(100_000), "the query is nested too deeply"),
            (&deep, "the query is nested too deeply"),
        ] {
            assert_eq!(parse(query), expected, "{}", &query[..query.len().min(80)]);
        }
    }
}
