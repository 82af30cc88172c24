//! Numbers drawn from a seed and a name: the same on every machine, whoever asks first.

/// A number between 0 and 1, of a seed and a name.
#[must_use]
pub fn uniform(seed: u64, name: &[&str]) -> f64 {
    // FNV-1a over the name, then the finalizer of SplitMix64: no secret, and the same on every machine.
    let mut state = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in name.iter().flat_map(|part| part.bytes().chain([0xff])) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^= state >> 31;
    ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// A number of the standard normal distribution, of a seed and a name (Box and Muller).
#[must_use]
pub fn normal(seed: u64, name: &[&str]) -> f64 {
    let (radius, angle) = (uniform(seed, name), uniform(seed ^ 0x5bf0_3635, name));
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_of_the_distribution_they_say_and_of_their_name_alone() {
        let all: Vec<f64> = (0..4000).map(|seed| normal(seed, &["AWS::RDS::DBInstance"])).collect();
        let mean = all.iter().sum::<f64>() / 4000.0;
        let variance = all.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.06, "{mean}");
        assert!((variance - 1.0).abs() < 0.08, "{variance}");
        assert!(normal(1, &["a", "b"]) != normal(1, &["ab"]));
        assert_eq!(normal(7, &["a"]).to_bits(), normal(7, &["a"]).to_bits());
    }
}
