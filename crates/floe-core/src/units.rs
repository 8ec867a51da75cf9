//! Sizes, durations, times and counts as people read them.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

/// A number of bytes for people: `412 B`, `2.9 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A number of things for people: `1 archive`, `7 archives`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A number of files for people: `1 file`, `7 files`.
pub fn files(count: usize) -> String {
    counted(count, "file")
}

/// A duration for people: `0.4 s`, `12.3 s`, `4 min 05 s`.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        long => format!("{} min {:02} s", long / 60, long % 60),
    }
}

/// The time of `epoch` seconds since 1970-01-01 UTC, as `2026-11-29T16:01:00Z` (RFC 3339). `None` beyond the most seconds of
/// a ustar header, which is in the year 2242: the year has four digits.
pub fn rfc3339(epoch: u64) -> Option<String> {
    let time = i64::try_from(epoch).ok().filter(|_| epoch < 0o77777777777)?;
    Some(DateTime::from_timestamp(time, 0)?.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size(412), "412 B");
        assert_eq!(size(3_040_870), "2.9 MiB");
        assert_eq!(size(1024 * 1024 - 1), "1.0 MiB");
    }

    #[test]
    fn one_file_is_singular() {
        assert_eq!([0, 1, 7].map(files), ["0 files", "1 file", "7 files"]);
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(245)), "4 min 05 s");
    }
}
