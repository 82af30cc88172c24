//! What the linker of a release is told: that it leaves the symbols out, and writes the same code and data once. `strip = "symbols"` of the
//! profile doesn't do the first: Cargo 1.95 strips nothing but debug information from a package that the profile names for its
//! `opt-level`, as it names this one. The second is LLD's, which Rust links with on this target since 1.90; nothing here compares
//! the addresses of functions, and of constants only some whose contents differ.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    if !is("PROFILE", "release") || !is("CARGO_CFG_TARGET_OS", "linux") {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--strip-all");
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all,-O2,--ignore-data-address-equality");
    }
}
