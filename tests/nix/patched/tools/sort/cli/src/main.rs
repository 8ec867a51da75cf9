//! A program of a patched workspace, test data: its dependency prints a number with the crate that is patched.
//! It is evaluated, and never run by the tests.

fn main() {
    println!("{}", http::HeaderValue::from(42u16).to_str().unwrap_or_default());
}
