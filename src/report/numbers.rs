//! Numbers as people read them.

/// `25,557,032`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `4.09 G`: two decimals and a letter for thousands, millions and so on; below a thousand the number itself.
pub fn short(number: u64) -> String {
    const LETTERS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    if number < 1000 {
        return number.to_string();
    }
    let mut value = number as f64;
    let mut letter = "";
    for next in LETTERS {
        // Rounded to two decimals, this and more would be 1000.00.
        if value < 999.995 {
            break;
        }
        value /= 1000.0;
        letter = next;
    }
    format!("{value:.2} {letter}")
}

/// `102.44 MB`, of 10^6 bytes.
pub fn bytes(number: u64) -> String {
    match number < 1000 {
        true => format!("{number} B"),
        false => format!("{}B", short(number)),
    }
}

/// `x1.74`, or `-` where there is nothing to compare with.
pub fn times(number: u64, first: u64) -> String {
    match ratio(number, first) {
        Some(ratio) if ratio > 0.0 && ratio < 0.01 => format!("x{ratio:.1e}"),
        Some(ratio) => format!("x{ratio:.2}"),
        None => "-".to_string(),
    }
}

/// How many times `first` a number is.
pub fn ratio(number: u64, first: u64) -> Option<f64> {
    (first > 0).then(|| number as f64 / first as f64)
}

/// A share in percent: `2.9`; nothing for nothing.
pub(super) fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return String::new();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    if percent < 0.05 { "<0.1".to_string() } else { format!("{percent:.1}") }
}

/// `+1,234` or `-1.23 G`, as `shown` writes the number; nothing for nothing.
pub(super) fn signed(delta: i128, shown: fn(u64) -> String) -> String {
    let size = u64::try_from(delta.unsigned_abs()).unwrap_or(u64::MAX);
    match delta {
        0 => String::new(),
        1.. => format!("+{}", shown(size)),
        _ => format!("-{}", shown(size)),
    }
}

/// What a change is of a number, in percent: `+2.5 %`; nothing where nothing changed, and `-` where there was nothing.
pub(super) fn percent(delta: i128, before: u64) -> String {
    match (delta, before) {
        (0, _) => String::new(),
        (_, 0) => "-".to_string(),
        _ => {
            let percent = delta as f64 * 100.0 / before as f64;
            match percent.abs() {
                ..0.005 => "under 0.01 %".to_string(),
                ..1.0 => format!("{percent:+.2} %"),
                _ => format!("{percent:+.1} %"),
            }
        }
    }
}

/// `1 image`, `3 images`.
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count))
}

/// With a capital letter at its start.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// `3x224x224`
pub fn shape(shape: &[usize]) -> String {
    match shape {
        [] => "1".to_string(),
        dims => dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
    }
}

/// `3.20 ms`: two decimals and the unit that fits.
pub fn seconds(time: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("ns", 1e9), ("us", 1e6), ("ms", 1e3), ("s", 1.0)];
    let fits = UNITS.into_iter().find(|(_, factor)| time * factor < 999.995);
    let (unit, factor) = fits.unwrap_or(("s", 1.0));
    if time == 0.0 { "0".to_string() } else { format!("{:.2} {unit}", time * factor) }
}
