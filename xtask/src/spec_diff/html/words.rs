//! Which words of two texts differ: the longest common run of words, by dynamic programming.

/// Beyond this many pairs of words nothing is compared, and all of it counts as changed.
const MOST_PAIRS: usize = 250_000;

/// A piece of a text, and whether the other text lacks it.
pub(super) type Piece<'t> = (&'t str, bool);

/// Both texts in pieces, those that only one of them has marked.
pub(super) fn compared<'t>(old: &'t str, new: &'t str) -> (Vec<Piece<'t>>, Vec<Piece<'t>>) {
    let (old, new) = (words(old), words(new));
    let same = |(a, b): &(&&str, &&str)| a == b;
    let start = old.iter().zip(&new).take_while(same).count();
    let most = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(same).count();
    let (old_middle, new_middle) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let (mut old_kept, mut new_kept) = (vec![false; old_middle.len()], vec![false; new_middle.len()]);
    let pairs = common(old_middle, new_middle);
    let is_space = |i: usize| old_middle[i].trim().is_empty();
    for &(i, j) in pairs.iter().filter(|(i, _)| !is_space(*i)) {
        (old_kept[i], new_kept[j]) = (true, true);
    }
    // White space alone between two changed words joins nothing.
    let joins = |kept: &[bool], at: usize| {
        let kept_at = |at: Option<usize>| at.and_then(|at| kept.get(at)).is_none_or(|kept| *kept);
        kept_at(at.checked_sub(1)) || kept_at(Some(at + 1))
    };
    let spaces = pairs.into_iter().filter(|(i, j)| is_space(*i) && joins(&old_kept, *i) && joins(&new_kept, *j));
    for (i, j) in spaces.collect::<Vec<_>>() {
        (old_kept[i], new_kept[j]) = (true, true);
    }
    (pieces(&old, start, &old_kept), pieces(&new, start, &new_kept))
}

/// Words, runs of white space, and every other character by itself.
fn words(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        '\n' => 1,
        c if c.is_whitespace() => 2,
        _ => 3,
    };
    let (mut words, mut start) = (Vec::new(), 0);
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let end = chars.peek().map_or(text.len(), |(at, _)| *at);
        let goes_on = chars.peek().is_some_and(|(_, next)| kind(*next) == kind(c) && matches!(kind(c), 0 | 2));
        if !goes_on {
            words.push(&text[start..end]);
            start = end;
        }
    }
    words
}

/// The pairs of a longest common subsequence.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let at = i * width + j;
            lengths[at] = if a == b { lengths[at + width + 1] + 1 } else { lengths[at + width].max(lengths[at + 1]) };
        }
    }
    let (mut pairs, mut i, mut j) = (Vec::new(), 0, 0);
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

fn pieces<'t>(words: &[&'t str], start: usize, kept: &[bool]) -> Vec<Piece<'t>> {
    let changed = |at: usize| at.checked_sub(start).and_then(|at| kept.get(at)).is_some_and(|kept| !kept);
    words.iter().enumerate().map(|(at, word)| (*word, changed(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::compared;

    fn shown(old: &str, new: &str) -> (String, String) {
        let (old, new) = compared(old, new);
        let join = |pieces: Vec<super::Piece<'_>>| -> String {
            pieces
                .iter()
                .map(|(word, changed)| if *changed { format!("[{word}]") } else { (*word).to_owned() })
                .collect()
        };
        (join(old), join(new))
    }

    #[test]
    fn changed_words_are_marked() {
        let (old, new) = shown("type: integer", "type: string");
        assert_eq!((old.as_str(), new.as_str()), ("type: [integer]", "type: [string]"));
        let (old, new) = shown("a b c d", "a x c d e");
        assert_eq!((old.as_str(), new.as_str()), ("a [b] c d", "a [x] c d[ ][e]"));
        let (old, new) = shown("a b c d", "a x y d");
        assert_eq!((old.as_str(), new.as_str()), ("a [b][ ][c] d", "a [x][ ][y] d"));
        assert_eq!(shown("same", "same"), ("same".into(), "same".into()));
        assert_eq!(shown("", "new"), (String::new(), "[new]".into()));
        assert_eq!(shown("aa", "a"), ("[aa]".into(), "[a]".into()));
        assert_eq!(shown("é-ü", "é-ö"), ("é-[ü]".into(), "é-[ö]".into()));
    }

    #[test]
    fn nothing_is_lost_and_long_texts_end() {
        let (old, new) = ("a b ".repeat(2_000), "b c ".repeat(2_000));
        let (old_pieces, new_pieces) = compared(&old, &new);
        assert_eq!(old_pieces.iter().map(|piece| piece.0).collect::<String>(), old);
        assert_eq!(new_pieces.iter().map(|piece| piece.0).collect::<String>(), new);
    }
}
