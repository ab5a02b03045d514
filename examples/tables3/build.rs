//! Gives the component a table of more elements than the default limit `table_elements` allows.

fn main() {
    println!("cargo:rustc-link-arg-cdylib=--table-base=30000");
}
