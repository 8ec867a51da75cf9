//! Test data: the two folders differ in their version, and in this file.

fn main() {
    println!("before {}", itoa::Buffer::new().format(piece::number()));
}
