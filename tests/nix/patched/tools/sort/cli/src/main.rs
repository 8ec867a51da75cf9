fn main() {
    println!("{}", http::HeaderValue::from(42u16).to_str().unwrap_or_default());
}
