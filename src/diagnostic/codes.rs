//! The codes of all diagnostics. Each has a page in `docs/errors/`, which `archc explain CODE` prints.

use std::fmt;

/// The code of a kind of diagnostic: `E` for an error, `W` for a warning, and four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code($code);)*

            /// Every code with its page, sorted.
            pub const ALL: &[(Code, &str)] = &[
                $((Code($code), include_str!(concat!("../../docs/errors/", $code, ".md"))),)*
            ];
        }
    };
}

codes! {
    // Files, limits, and what was asked for
    /// A file can't be read.
    NO_FILE = "E0001";
    /// A source file larger than the limit.
    FILE_TOO_LARGE = "E0002";
    /// A source file that is not UTF-8.
    NOT_TEXT = "E0003";
    /// Brackets or braces nested too deeply.
    TOO_DEEP = "E0004";
    /// An expansion that does not come to an end within the limits.
    LIMIT = "E0005";
    /// No architecture, or more than one, answers to what was asked.
    NO_ARCH = "E0006";
    /// `--set` or `--input` that does not fit the architecture.
    SETTING = "E0007";

    // Syntax
    /// Something else was expected here.
    SYNTAX = "E0101";
    /// A number that is malformed or does not fit 64 bits.
    NUMBER = "E0102";
    /// A bracket, brace or string that is never closed.
    UNCLOSED = "E0103";
    /// A statement or stage where none of its kind may stand.
    MISPLACED = "E0104";
    /// An edition that this version does not know.
    EDITION = "E0105";
    /// A body written empty.
    EMPTY_BODY = "E0106";
    /// An unknown type of a parameter.
    UNKNOWN_TYPE = "E0107";

    // Names
    /// A name that nothing in reach has.
    UNKNOWN_NAME = "E0201";
    /// A name given twice.
    DUPLICATE_NAME = "E0202";
    /// A `use` of a file, module or name that does not exist.
    UNKNOWN_IMPORT = "E0203";
    /// Files that use one another in a circle.
    IMPORT_CYCLE = "E0204";
    /// A name that exists but is of another kind than is needed here.
    WRONG_KIND = "E0205";
    /// A field that the value does not have.
    UNKNOWN_FIELD = "E0206";
    /// A definition that needs itself.
    CYCLE = "E0207";
    /// Two weights of one path.
    DUPLICATE_PATH = "E0208";

    // Values and arguments
    /// A value of the wrong type.
    TYPE = "E0301";
    /// An argument that the callee does not have.
    UNKNOWN_ARGUMENT = "E0302";
    /// An argument that is missing.
    MISSING_ARGUMENT = "E0303";
    /// An argument given twice.
    DUPLICATE_ARGUMENT = "E0304";
    /// More arguments than the callee takes.
    TOO_MANY_ARGUMENTS = "E0305";
    /// Division by zero, overflow, or a result that is no number.
    ARITHMETIC = "E0306";
    /// An index outside a list.
    INDEX = "E0307";
    /// A fraction where a whole number is needed.
    NOT_WHOLE = "E0308";
    /// A value outside what the parameter takes.
    ARGUMENT_VALUE = "E0309";

    // Shapes
    /// Shapes that should agree and do not.
    SHAPES_DIFFER = "E0401";
    /// A tensor with the wrong number of dimensions.
    RANK = "E0402";
    /// Channels that groups or heads do not divide.
    GROUPS = "E0403";
    /// A kernel larger than its padded input.
    KERNEL_TOO_LARGE = "E0404";
    /// `half` padding of an even kernel.
    EVEN_HALF = "E0405";
    /// An axis that the tensor does not have, or the batch.
    AXIS = "E0406";
    /// A reshape, slice or shuffle that the sizes do not allow.
    SIZES = "E0407";
    /// A tensor or a cost too large to count in 64 bits.
    TOO_LARGE = "E0408";

    // The flow and what a file promises
    /// A failed `expect`.
    EXPECT = "E0501";
    /// A failed `assert`.
    ASSERT = "E0502";
    /// A result that nobody reads.
    DROPPED = "E0503";
    /// A stage with no flow to apply to, or a body that produces none.
    NO_FLOW = "E0504";

    // Weights, images, running
    /// No weights to run with.
    NO_WEIGHTS = "E0601";
    /// A weights file that is broken.
    BAD_WEIGHTS = "E0602";
    /// Weights that do not fit the architecture.
    WEIGHTS_DIFFER = "E0603";
    /// An image that can't be read.
    BAD_IMAGE = "E0604";
    /// A `weights` item whose fields make no sense.
    BAD_WEIGHTS_ITEM = "E0605";
    /// An architecture that `run` can't classify images with.
    NOT_RUNNABLE = "E0606";
    /// A device that this binary or machine does not have.
    NO_DEVICE = "E0607";
    /// A reference that can't be read or compared with.
    BAD_REFERENCE = "E0608";
    /// Weights that can't be fetched.
    NOT_FETCHED = "E0609";

    // Warnings
    /// An item that nothing uses.
    UNUSED_ITEM = "W0101";
    /// A parameter that nothing uses.
    UNUSED_PARAMETER = "W0102";
    /// A `let` or loop variable that nothing uses.
    UNUSED_VALUE = "W0103";
    /// An imported name that nothing uses.
    UNUSED_IMPORT = "W0104";
    /// A documentation comment that documents nothing.
    STRAY_DOC = "W0105";
    /// Weights that the architecture has no use for.
    UNUSED_WEIGHTS = "W0201";
}

impl Code {
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The code written `text`, in any case.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.iter().map(|(code, _)| *code).find(|code| code.0.eq_ignore_ascii_case(text))
    }

    /// The page that explains this code, in Markdown.
    pub fn page(self) -> &'static str {
        let found = Code::ALL.iter().find(|(code, _)| *code == self);
        found.expect("every code is in the table").1
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
