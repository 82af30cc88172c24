//! Takes the symbols off a release. `strip = "symbols"` of the profile doesn't: Cargo 1.95 strips nothing but debug information
//! from a package that the profile names for its `opt-level`, as it names this one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,--strip-all");
    }
}
