//! Test data: the two folders differ in their version, and in this file.

fn main() {
    println!("after {}", itoa::Buffer::new().format(piece::number()));
}
