//! Comma-separated values, as RFC 4180 has them.

use csv::Writer;

/// A header and rows as long as it.
pub(super) fn write(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    const FITS: &str = "rows are as long as the header, and memory takes all";
    let mut table = Writer::from_writer(Vec::new());
    table.write_record(header).expect(FITS);
    for row in rows {
        table.write_record(row).expect(FITS);
    }
    let bytes = table.into_inner().unwrap_or_else(|_| unreachable!("memory takes all"));
    String::from_utf8(bytes).expect("cells are text")
}
