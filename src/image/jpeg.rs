//! A walk over the markers of a JPEG file: decoders fill in what a cut-off file lacks, and this tells that it does.

/// Whether the file goes on to its end marker. Where the markers themselves are malformed the decoder has the word.
pub fn is_complete(bytes: &[u8]) -> bool {
    let mut rest = &bytes[2.min(bytes.len())..];
    loop {
        // To the next marker: anything but FF 00 (an FF that is data), FF FF (fill) and the restart markers.
        let Some(found) =
            rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF | 0xD0..=0xD7 | 0x01))
        else {
            return false;
        };
        if rest[found + 1] == 0xD9 {
            return true;
        }
        // A segment: two bytes of length, which count themselves.
        let segment = &rest[found + 2..];
        let Some(length) = segment.first_chunk::<2>().map(|bytes| usize::from(u16::from_be_bytes(*bytes))) else {
            return false;
        };
        let Some(after) = segment.get(length.max(2)..) else {
            return false;
        };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn an_end_marker_inside_a_segment_does_not_count() {
        let header = [0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x04, 0xFF, 0xD9];
        assert!(!is_complete(&header));
        assert!(is_complete(&[&header[..], &[0xFF, 0xD9]].concat()));
    }

    #[test]
    fn stuffed_bytes_and_restarts_are_data() {
        let scan = [0xFF, 0xD8, 0xFF, 0xDA, 0x00, 0x02, 0x11, 0xFF, 0x00, 0xD9, 0xFF, 0xD0, 0x22];
        assert!(!is_complete(&scan));
        assert!(is_complete(&[&scan[..], &[0xFF, 0xD9]].concat()));
    }
}
