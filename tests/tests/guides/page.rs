//! A page of Markdown, as blocks of code.

pub(crate) struct Page<'a>(&'a str);

impl<'a> Page<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The blocks in a language, in order.
    pub(crate) fn blocks(&self, language: &str) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut lines = self.0.lines();
        while let Some(line) = lines.next() {
            let Some(fence) = line.strip_prefix("```") else {
                continue;
            };
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            if fence == language {
                blocks.push(block.join("\n"));
            }
        }
        blocks
    }
}

/// Whether all lines of a block stand in a program one after the other, however they are indented.
pub(crate) fn has_lines(program: &str, block: &str) -> bool {
    let trimmed = |text: &str| {
        text.lines()
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let (program, block) = (trimmed(program), trimmed(block));
    program.windows(block.len()).any(|lines| lines == block)
}

#[test]
fn a_line_that_is_left_out_is_missed() {
    assert!(has_lines("fn a() {\n    b();\n    c();\n}", "b();\nc();"));
    assert!(!has_lines(
        "fn a() {\n    b();\n    c();\n}",
        "fn a() {\nc();"
    ));
}
