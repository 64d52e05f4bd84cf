//! A name as others may see it: enough to greet somebody at a counter, too little to look them up.
//!
//! Chinese names show the surname and the last character, 王○明, and two-character names the surname only, 王○. A
//! surname of two characters is shown as a whole, 歐陽○明. Names of several words show the first letter of each.

const HIDDEN: char = '○';

/// Surnames of two characters that are common enough to meet, in both scripts.
const DOUBLE: [&str; 34] = [
    "歐陽", "欧阳", "司馬", "司马", "上官", "諸葛", "诸葛", "司徒", "東方", "东方", "皇甫", "尉遲", "尉迟", "公孫",
    "公孙", "慕容", "令狐", "夏侯", "端木", "長孫", "长孙", "宇文", "獨孤", "独孤", "南宮", "南宫", "西門", "西门",
    "范姜", "張簡", "张简", "百里", "呼延", "鍾離",
];

/// The masked form; nothing for nothing.
pub fn masked(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.as_slice() {
        [] => String::new(),
        [one] if one.chars().all(is_ideograph) => chinese(one),
        several => several.iter().map(|word| initial(word)).collect::<Vec<_>>().join(" "),
    }
}

fn chinese(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let double = letters.len() > 2 && DOUBLE.iter().any(|surname| name.starts_with(surname));
    let shown = if double { 2 } else { 1 };
    let last_shown = letters.len() >= shown + 2;
    let hide = |(place, letter): (usize, &char)| {
        let is_last = last_shown && place + 1 == letters.len();
        if place < shown && letters.len() > 1 || is_last { *letter } else { HIDDEN }
    };
    letters.iter().enumerate().map(hide).collect()
}

/// However long the word is: its length would tell too much of a short list of names.
fn initial(word: &str) -> String {
    let hidden = if word.chars().all(is_east_asian) { HIDDEN.to_string() } else { "***".to_owned() };
    word.chars().next().map(|first| format!("{first}{hidden}")).unwrap_or_default()
}

fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '々' | '〇')
}

fn is_east_asian(letter: char) -> bool {
    is_ideograph(letter) || matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_masked() {
        let table = [
            ("", ""),
            ("王", "○"),
            ("王明", "王○"),
            ("王小明", "王○明"),
            ("陳王小明", "陳○○明"),
            ("歐陽明", "歐陽○"),
            ("歐陽小明", "歐陽○明"),
            ("歐陽", "歐○"),
            ("范姜小明", "范姜○明"),
            ("𠮷田明", "𠮷○明"),
            ("John Smith", "J*** S***"),
            ("Mary Ann Smith-Jones", "M*** A*** S***"),
            ("Élodie", "É***"),
            ("山田 太郎", "山○ 太○"),
            ("さくら", "さ○"),
            ("김철수", "김○"),
            ("王小明 Ming", "王○ M***"),
        ];
        for (name, expected) in table {
            assert_eq!(masked(name), expected, "{name}");
        }
    }
}
