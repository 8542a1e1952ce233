//! NumPy's `.npy`, version 1.0: magic bytes, version, the length of the rest of the header, a Python dictionary, blanks
//! up to a multiple of 64 bytes, a line break; then the values.

/// The header of a float32 array of `rows` rows of this shape. Its length does not depend on `rows`.
pub fn header(row: &[usize], rows: Option<usize>) -> Vec<u8> {
    let text = |rows: usize| {
        let rest: String = match row {
            [] => ",".to_string(),
            dims => dims.iter().map(|dim| format!(", {dim}")).collect(),
        };
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}{rest}), }}")
    };
    const START: usize = 10;
    let length = (START + text(usize::MAX).len() + 1).next_multiple_of(64);
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    let rest = u16::try_from(length - START).expect("a shape has few dimensions");
    header.extend(rest.to_le_bytes());
    header.extend(text(rows.unwrap_or(0)).into_bytes());
    header.resize(length - 1, b' ');
    header.push(b'\n');
    header
}
