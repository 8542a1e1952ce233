//! `alpha=0.25,0.5` and `input=128..224:32`: what is swept, as it is written.

use std::str::FromStr;

use super::{Axis, MAX_COMBINATIONS};

/// Values are expressions with commas between them, or ranges `first..last` and `first..last:step`, both ends included.
impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Axis, String> {
        const FORM: &str = "write NAME=VALUES, as in alpha=0.25,0.5,1 or input=128..224:32";
        let (name, list) = text.split_once('=').ok_or_else(|| format!("there is no `=`: {FORM}"))?;
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("there is no name before the `=`: {FORM}"));
        }
        if list.trim().is_empty() {
            return Err(format!("`{name}` has no values: {FORM}"));
        }
        let mut values = Vec::new();
        for part in parts(list) {
            match part.trim() {
                "" => return Err(format!("`{name}` has an empty value: {FORM}")),
                part => match range(part)? {
                    Some(range) => values.extend(range),
                    None => values.push(part.to_string()),
                },
            }
            if values.len() > MAX_COMBINATIONS {
                return Err(format!("`{name}` has more than {MAX_COMBINATIONS} values"));
            }
        }
        Ok(Axis { name: name.to_string(), values })
    }
}

/// The text between commas that stand in no brackets and in no string.
fn parts(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted, mut escaped) = (0, 0i32, false, false);
    for (at, char) in list.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '[' | '(' | '{' if !quoted => depth += 1,
            ']' | ')' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

/// The numbers of `first..last:step`; nothing where the text is no range of numbers.
fn range(text: &str) -> Result<Option<Vec<String>>, String> {
    let Some((first, rest)) = text.split_once("..") else { return Ok(None) };
    let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let wrong =
        |what: String| format!("the range `{text}` {what}; write first..last or first..last:step, as in 128..224:32");
    let numbers = [first, last, step].map(str::trim);
    // Reckoned in units of the last decimal, so that 0.1 is a tenth.
    let decimals =
        numbers.iter().map(|number| number.split_once('.').map_or(0, |(_, after)| after.len())).max().unwrap_or(0);
    let mut units = [0i64; 3];
    for (unit, number) in units.iter_mut().zip(numbers) {
        *unit = scaled(number, decimals).ok_or_else(|| wrong(format!("needs numbers, and `{number}` is none")))?;
    }
    let [first, last, step] = units;
    if step <= 0 {
        return Err(wrong("needs a step above 0".to_string()));
    }
    if first > last {
        return Err(wrong("holds nothing".to_string()));
    }
    if (last - first) / step >= MAX_COMBINATIONS as i64 {
        return Err(wrong(format!("has more than {MAX_COMBINATIONS} values")));
    }
    let count = (last - first) / step + 1;
    Ok(Some((0..count).map(|turn| written(first + turn * step, decimals)).collect()))
}

/// `1.25` in thousandths, for 3 decimals: 1250.
fn scaled(number: &str, decimals: usize) -> Option<i64> {
    let (sign, digits) = number.strip_prefix('-').map_or((1, number), |digits| (-1, digits));
    let (whole, after) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(after) || decimals > 9 {
        return None;
    }
    let value: i64 = format!("{whole}{after:0<decimals$}").parse().ok()?;
    // Sums and differences of two such numbers fit.
    (value < i64::MAX / 4).then_some(sign * value)
}

/// 1250 thousandths as `1.25`.
fn written(units: i64, decimals: usize) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = decimals + 1);
    let (whole, after) = digits.split_at(digits.len() - decimals);
    let after = after.trim_end_matches('0');
    if after.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{after}") }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn values(text: &str) -> Vec<String> {
        text.parse::<Axis>().unwrap_or_else(|error| panic!("{text}: {error}")).values
    }

    #[test]
    fn lists_and_ranges_are_read() {
        assert_eq!(values("alpha=0.25,0.5, 1.0"), ["0.25", "0.5", "1.0"]);
        assert_eq!(values("input=128..224:32"), ["128", "160", "192", "224"]);
        assert_eq!(values("n=-1..1"), ["-1", "0", "1"]);
        assert_eq!(values("a=0.1..0.35:0.1,9"), ["0.1", "0.2", "0.3", "9"]);
        assert_eq!(values("depths=[3,4,6,3],[2, 2]"), ["[3,4,6,3]", "[2, 2]"]);
        assert_eq!(values("act=\"a,b\",max(1, 2)"), ["\"a,b\"", "max(1, 2)"]);
    }

    #[test]
    fn what_is_no_axis_is_told() {
        for (text, says) in [
            ("alpha", "no `=`"),
            ("=1", "no name"),
            ("alpha=", "no values"),
            ("alpha=1,,2", "empty value"),
            ("n=4..1", "holds nothing"),
            ("n=1..4:0", "step above 0"),
            ("n=1..big", "`big` is none"),
            ("n=1..9000000", "more than 1000000 values"),
        ] {
            let error = text.parse::<Axis>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
