//! GitHub's expressions between `${{` and `}}`, as far as the workflows use them.
//!
//! An unknown function, context or operator is a panic, so that none is ignored.

use serde_json::Value;

/// The values that an expression can refer to.
pub struct Contexts<'c> {
    /// `github`, `needs`, `matrix` …, by their names.
    pub values: &'c Value,
    /// Whether all earlier jobs or steps succeeded.
    pub success: bool,
    /// Whether an earlier job or step failed.
    pub failure: bool,
}

impl Contexts<'_> {
    /// A text with every expression in it replaced; a text that is one expression is that expression's value.
    pub fn fill(&self, text: &str) -> Value {
        if let Some(inner) = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"))
            && !inner.contains("${{")
        {
            return self.evaluate(inner);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (inner, after) = after.split_once("}}").unwrap();
            filled.push_str(before);
            filled.push_str(&shown(&self.evaluate(inner)));
            rest = after;
        }
        Value::String(filled + rest)
    }

    /// The same as a text.
    pub fn fill_text(&self, text: &str) -> String {
        shown(&self.fill(text))
    }

    /// Whether the condition of a job or a step holds. One that does not ask how things went wants them to have gone well.
    pub fn holds(&self, condition: Option<&str>) -> bool {
        let Some(condition) = condition else { return self.success };
        let asks = ["success()", "failure()", "cancelled()", "always()"];
        let wants_success = !asks.iter().any(|word| condition.contains(word));
        (!wants_success || self.success) && truthy(&self.fill(condition))
    }

    fn evaluate(&self, text: &str) -> Value {
        let mut parser = Parser { rest: text.trim_start(), contexts: self };
        let value = parser.or();
        assert_eq!(parser.rest, "", "`{text}` is not understood to its end");
        value
    }
}

/// A value as a text, as GitHub puts it into one.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(shown(value).as_str(), "" | "false" | "0")
}

struct Parser<'t, 'c> {
    rest: &'t str,
    contexts: &'c Contexts<'c>,
}

impl<'t> Parser<'t, '_> {
    fn takes(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Value {
        let mut value = self.and();
        while self.takes("||") {
            let other = self.and();
            value = if truthy(&value) { value } else { other };
        }
        value
    }

    fn and(&mut self) -> Value {
        let mut value = self.comparison();
        while self.takes("&&") {
            let other = self.comparison();
            value = if truthy(&value) { other } else { value };
        }
        value
    }

    fn comparison(&mut self) -> Value {
        let value = self.not();
        if self.takes("==") {
            return equal(&value, &self.not()).into();
        }
        if self.takes("!=") {
            return (!equal(&value, &self.not())).into();
        }
        value
    }

    fn not(&mut self) -> Value {
        if self.takes("!") { (!truthy(&self.not())).into() } else { self.primary() }
    }

    fn primary(&mut self) -> Value {
        if self.takes("(") {
            let value = self.or();
            assert!(self.takes(")"), "no `)` before `{}`", self.rest);
            return value;
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let (text, rest) = rest.split_once('\'').unwrap();
            self.rest = rest.trim_start();
            return text.into();
        }
        let name = self.name();
        match name {
            "true" => return true.into(),
            "false" => return false.into(),
            "null" => return Value::Null,
            _ => {}
        }
        let mut value = match self.takes("(") {
            true => self.call(name),
            false => match self.contexts.values.get(name) {
                Some(value) => value.clone(),
                None => panic!("there is no context `{name}` here"),
            },
        };
        loop {
            if self.takes(".") {
                value = value[self.name()].clone();
            } else if self.takes("[") {
                let index: usize = self.name().parse().unwrap();
                value = value[index].clone();
                assert!(self.takes("]"));
            } else {
                return value;
            }
        }
    }

    fn name(&mut self) -> &'t str {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        assert!(end > 0, "no name at `{}`", self.rest);
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        name
    }

    fn call(&mut self, name: &str) -> Value {
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.or());
            self.takes(",");
        }
        match (name, &arguments[..]) {
            ("success", []) => self.contexts.success.into(),
            ("failure", []) => self.contexts.failure.into(),
            ("cancelled", []) => false.into(),
            ("contains", [text, part]) => shown(text).contains(&shown(part)).into(),
            ("fromJSON", [text]) => serde_json::from_str(&shown(text)).unwrap(),
            ("format", [text, rest @ ..]) => {
                let places = rest.iter().enumerate();
                let fill = |text: String, (n, value): (usize, &Value)| {
                    text.replace(&format!("{{{n}}}"), &shown(value))
                };
                places.fold(shown(text), fill).into()
            }
            _ => panic!("`{name}` with {} arguments is not known here", arguments.len()),
        }
    }
}

/// Values of two types are compared as numbers; an object is none.
fn equal(one: &Value, other: &Value) -> bool {
    if let (Value::String(one), Value::String(other)) = (one, other) {
        return one.eq_ignore_ascii_case(other);
    }
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null | Value::Bool(false) => Some(0.0),
        Value::Bool(true) => Some(1.0),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.is_empty() => Some(0.0),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[test]
fn expressions_evaluate_as_github_documents_them() {
    let values = serde_json::json!({
        "inputs": { "tag": "", "dry-run": false, "attest": null },
        "github": { "ref_name": "v1.4.0", "workspace": "/home/runner" },
        "needs": { "plan": { "outputs": { "matrix": "{\"native\": [{\"name\": \"a\"}], \"empty\": []}" } } },
    });
    let contexts = Contexts { values: &values, success: true, failure: false };
    for (text, value) in [
        ("${{ inputs.tag || github.ref_name }}", "v1.4.0"),
        ("release-${{ inputs.tag || github.ref_name }}!", "release-v1.4.0!"),
        ("${{ inputs.tag && format('refs/tags/{0}', inputs.tag) || '' }}", ""),
        ("${{ format('{0}={1} {0}', github.ref_name, 'x') }}", "v1.4.0=x v1.4.0"),
        ("${{ fromJSON(needs.plan.outputs.matrix).native[0].name }}", "a"),
        ("${{ fromJSON(needs.plan.outputs.matrix).native[0] != null }}", "true"),
        ("${{ fromJSON(needs.plan.outputs.matrix).empty[0] != null }}", "false"),
        ("${{ inputs.attest == 'best-effort' }}", "false"),
        ("${{ contains(inputs.cache, ':') }}", "false"),
        ("${{ !cancelled() && !failure() && !inputs.dry-run }}", "true"),
    ] {
        assert_eq!(contexts.fill_text(text), value, "{text}");
    }
    let failed = Contexts { values: &values, success: false, failure: true };
    assert!(contexts.holds(None) && !failed.holds(None));
    assert!(!failed.holds(Some("${{ github.ref_name != '' }}")));
    assert!(failed.holds(Some("${{ !cancelled() }}")));
}
