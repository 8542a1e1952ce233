//! The pages of the errors that the parser reports.

use archc::diagnostic::{Code, Severity};

use crate::reports::{assert_page, parse_errors};

/// The examples of each page do what the page says.
#[test]
fn pages_of_syntax_are_true() {
    let codes = [
        Code::TOO_DEEP,
        Code::SYNTAX,
        Code::NUMBER,
        Code::UNCLOSED,
        Code::MISPLACED,
        Code::EDITION,
        Code::EMPTY_BODY,
        Code::UNKNOWN_TYPE,
        Code::STRAY_DOC,
    ];
    for code in codes {
        assert_page(code, |text| {
            let (errors, _) = parse_errors("x.arch", text);
            errors.into_iter().filter(|error| error.severity == Severity::Error || error.code == code).collect()
        });
    }
}
