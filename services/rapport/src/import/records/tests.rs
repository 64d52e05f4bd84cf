//! Files with quotes, sound and broken.

use super::*;

const HEADING: &str = "no,code,name,count\n";

/// Records as "first line+lines: cells"; `!` marks those that nothing closes.
fn read(text: &str) -> Vec<String> {
    let mut records = Records::of(text.as_bytes(), b',');
    records.heading().expect("a heading");
    let (mut record, mut told) = (ByteRecord::new(), Vec::new());
    while let Some(extent) = records.next(&mut record).expect("it can be read") {
        let number = record.position().map_or(0, Position::line);
        let cells: Vec<String> = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let mark = if extent.unclosed { "!" } else { "" };
        told.push(format!("{number}+{}{mark}: {}", extent.lines, cells.join("|")));
    }
    told
}

fn body(lines: &[&str]) -> Vec<String> {
    read(&format!("{HEADING}{}\n", lines.join("\n")))
}

#[test]
fn a_text_in_quotes_goes_on_over_lines() {
    assert_eq!(body(&["1,A,\"x", "y\",2", "2,B,z,3"]), ["2+2: 1|A|x\ny|2", "4+1: 2|B|z|3"]);
    assert_eq!(body(&["1,A,\"x", "", "1,2", "y, \"\"z\"\", w\",2"]), ["2+4: 1|A|x\n\n1,2\ny, \"z\", w|2"]);
    // What goes on may look like a line of its own where the line before it is none.
    assert_eq!(body(&["1,A,\"x", "y, z, w\",2"]), ["2+2: 1|A|x\ny, z, w|2"]);
}

#[test]
fn a_quote_that_nothing_closes_keeps_no_other_line() {
    assert_eq!(body(&["1,A,\"6 inch,2", "2,B,z,3"]), ["2+1!: 1|A|\"6 inch|2", "3+1: 2|B|z|3"]);
    assert_eq!(body(&["1,A,\"6 inch"]), ["2+1!: 1|A|\"6 inch"]);
}

#[test]
fn a_quote_that_another_line_seems_to_close_keeps_no_line_between() {
    let first = "2+1!: 1|A|\"6 inch|2";
    assert_eq!(
        body(&["1,A,\"6 inch,2", "2,B,z,3", "3,C,12\" plate,4"]),
        [first, "3+1: 2|B|z|3", "4+1: 3|C|12\" plate|4"]
    );
    assert_eq!(body(&["1,A,\"6 inch,2", "3,C,12\" plate,4"]), [first, "3+1: 3|C|12\" plate|4"]);
    assert_eq!(body(&["1,A,\"6 inch,2", "3,C,12\",4"]), [first, "3+1: 3|C|12\"|4"]);
    assert_eq!(body(&["1,A,\"6 inch,2", "2,B,z,3", "3,C,\"a, b\",4"]), [first, "3+1: 2|B|z|3", "4+1: 3|C|a, b|4"]);
    assert_eq!(body(&["1,A,\"6 inch,2", "3,C,\"a", "b\",4"]), [first, "3+2: 3|C|a\nb|4"]);
    assert_eq!(body(&["1,A,\"6 inch,2", "2,B,\"7 inch,3", "3,C,x,4"]), [first, "3+1!: 2|B|\"7 inch|3", "4+1: 3|C|x|4"]);
}

#[test]
fn a_record_without_the_headings_columns_is_not_made_of_several_lines() {
    assert_eq!(body(&["1,\"A", "B\",2"]), ["2+1!: 1|\"A", "3+1: B\"|2"]);
}

#[test]
fn a_text_that_never_ends_is_not_kept_in_memory() {
    let text = format!("{}\n", "z".repeat(1023));
    let lines = LONGEST_RECORD_BYTES / text.len() + 1;
    let told = read(&format!("{HEADING}1,A,\"x\n{}y\",2\n", text.repeat(lines)));
    assert_eq!((told.len(), told[0].as_str()), (lines + 2, "2+1!: 1|A|\"x"));
    assert_eq!(read(&format!("{HEADING}1,A,\"x\n{}y\",2\n", text.repeat(lines - 2))).len(), 1);
}

#[test]
fn lines_end_as_they_like_and_empty_ones_are_counted() {
    let told = ["2+1: 1|A|x|2", "4+1: 2|B|y|3"];
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("{HEADING}1,A,x,2\n\n2,B,y,3").replace('\n', end);
        assert_eq!(read(&text), told, "{end:?}");
        let mut records = Records::of(text.as_bytes(), b',');
        while records.next(&mut ByteRecord::new()).expect("readable").is_some() {}
        assert_eq!(records.blank(), 1);
    }
}

/// Where every line stands for itself, records are what RFC 4180's readers make of them.
#[test]
fn sound_lines_are_read_as_elsewhere() {
    let parts = ["a", "\"", "\"\"", ",", " ", "é", "\"b\"", "\"c,d\""];
    let mut seed = 7_u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits")
    };
    let mut sound = 0;
    for _ in 0..4_000 {
        let line: String = (0..1 + next() % 9).map(|_| parts[next() % parts.len()]).collect();
        let text = format!("{line}\nq,r");
        let mut elsewhere = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
            .into_byte_records();
        let theirs = elsewhere.next().expect("a record").expect("readable");
        if elsewhere.next().is_none() {
            continue;
        }
        sound += 1;
        let mut ours = ByteRecord::new();
        let extent = Records::of(text.as_bytes(), b',').next(&mut ours).expect("readable");
        assert_eq!(extent, Some(Extent { lines: 1, unclosed: false }), "{line}");
        assert_eq!(ours.iter().collect::<Vec<_>>(), theirs.iter().collect::<Vec<_>>(), "{line}");
    }
    assert!(sound > 1_000, "{sound}");
}
