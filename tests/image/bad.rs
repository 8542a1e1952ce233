//! Broken, hostile and mistaken images: each a clear error.

use archc::diagnostic::Code;
use archc::image::{Colour, Filter, Orientation, Pixels, Preprocess, Resize};

use super::{decode, read, root};

/// What archc says of these bytes.
fn says(bytes: &[u8]) -> String {
    let error = decode(bytes, "photo").unwrap_err();
    assert_eq!(error.code, Code::BAD_IMAGE);
    error.message
}

fn png() -> Vec<u8> {
    std::fs::read(root().join("tests/image/decode/rgb.png")).unwrap()
}

/// The PNG with another size in its header.
fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let check = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&check.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[test]
fn another_format_is_named() {
    assert_eq!(says(b"GIF89a....."), "can't read the image `photo`: this is a GIF, and archc reads PNG and JPEG");
    assert_eq!(says(b""), "can't read the image `photo`: this is an empty file, and archc reads PNG and JPEG");
    assert!(says(b"hello").contains("no image that is known here"));
}

#[test]
fn a_cut_off_file_is_told_from_a_damaged_one() {
    let png = png();
    let jpeg = std::fs::read(root().join("examples/images/rocket.jpg")).unwrap();
    for bytes in [&png[..png.len() / 2], &png[..40], &jpeg[..jpeg.len() / 2], &jpeg[..jpeg.len() - 2]] {
        assert_eq!(says(bytes), "can't read the image `photo`: the file is cut off before its end");
    }
    let mut damaged = png;
    damaged[20] ^= 1;
    assert_eq!(says(&damaged), "can't read the image `photo`: it is damaged (a checksum does not agree)");
}

#[test]
fn every_cut_and_flip_of_a_small_file_is_an_image_or_an_error() {
    for file in ["decode/grey.jpg", "decode/rgb_16_bit.png", "decode/grey_four_bit.png", "exif/7.jpg", "exif/7.png"] {
        let whole = std::fs::read(root().join("tests/image").join(file)).unwrap();
        for length in 0..whole.len() {
            let _ = archc::image::decode(&whole[..length], "photo", Orientation::Applied);
            for mask in [0x01, 0x55, 0x80, 0xFF] {
                let mut flipped = whole.clone();
                flipped[length] ^= mask;
                let _ = archc::image::decode(&flipped, "photo", Orientation::Applied);
            }
        }
    }
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let message = says(&png_of_size(60_000, 60_000));
    assert!(message.contains("60000x60000 pixels, more than the limit of 2^27"), "{message}");
}

/// The JPEG with another size in the header of its frame.
fn jpeg_of_size(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = std::fs::read(root().join("tests/image/decode/grey.jpg")).unwrap();
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn a_jpeg_that_claims_too_much_or_nothing_is_refused() {
    let message = says(&jpeg_of_size(65_000, 65_000));
    assert!(message.contains("65000x65000 pixels, more than the limit of 2^27"), "{message}");
    assert!(says(&jpeg_of_size(0, 5)).starts_with("can't read the image `photo`: it is damaged"));
    assert!(says(&jpeg_of_size(5, 0)).starts_with("can't read the image `photo`: it is damaged"));
}

/// A PNG chunk.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind[..], data].concat();
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &body, &crc32(&body).to_be_bytes()].concat()
}

/// `1 + 258 * runs` zeros in zlib's format: a literal zero, then runs of 258 that repeat it, in one block of fixed codes.
fn zeros(runs: usize) -> Vec<u8> {
    let bits = "110".to_string() + "00110000" + &"1100010100000".repeat(runs) + "0000000";
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
    let sum = ((1 + 258 * runs) % 65_521) as u32;
    let adler = (sum << 16 | 1).to_be_bytes();
    [0x78, 0x01].into_iter().chain(bits.as_bytes().chunks(8).map(byte)).chain(adler).collect()
}

#[test]
fn a_small_image_with_a_huge_profile_takes_no_huge_memory() {
    let profile = zeros(500_000);
    let data = [&b"bomb\0\0"[..], &profile].concat();
    let png = png();
    let bomb = [&png[..33], &chunk(b"iCCP", &data), &png[33..]].concat();
    // A profile that does not fit is passed over, or the image is refused.
    match decode(&bomb, "photo") {
        Ok(pixels) => assert_eq!(pixels, decode(&png, "photo").unwrap()),
        Err(error) => assert!(error.message.contains("memory"), "{}", error.message),
    }
}

#[test]
fn nothing_is_no_image() {
    for (width, height) in [(0, 0), (0, 5), (5, 0)] {
        let nothing = format!("can't read the image `photo`: it is {width}x{height} pixels: there is nothing in it");
        assert_eq!(says(&png_of_size(width, height)), nothing);
    }
}

#[test]
fn a_folder_and_a_missing_file_are_told_apart() {
    let folder = read(&root().join("tests")).unwrap_err();
    assert!(folder.message.contains("it is a folder"), "{}", folder.message);
    let missing = read(&root().join("tests/none.png")).unwrap_err();
    assert!(missing.message.contains("there is no such file"), "{}", missing.message);
}

#[test]
fn a_thread_of_pixels_is_not_blown_up() {
    let thread = Pixels::black(1, 1_000_000, 3);
    let rule = Preprocess { resize: Some((Resize::Shorter(256), Filter::Bilinear)), ..Preprocess::plain(Colour::Rgb) };
    let error = rule.pixels(&thread, "photo").unwrap_err();
    assert!(error.message.contains("1x1000000"), "{}", error.message);
}
