//! The category tree: where a category may stand, and what moves with it.
//!
//! A path is the handles from the root, joined by `/`. The database holds the same rules as guards, for what others
//! do at the same moment.

use std::collections::BTreeMap;

use crate::kernel::handle::Handle;
use crate::kernel::locale::Locale;

/// Levels of a tree at most; a root is on the first.
pub const MOST_LEVELS: usize = 10;

/// Categories of a store at most.
pub const MOST_CATEGORIES: usize = 10_000;

/// The most bytes of a path: as many handles as there are levels, joined.
pub const MOST_PATH_BYTES: usize = 2_559;

const _: () = assert!(MOST_PATH_BYTES == MOST_LEVELS * (Handle::MAX_BYTES + 1) - 1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("a category cannot stand below itself")]
    Cycle,
    #[error("a tree has at most {MOST_LEVELS} levels")]
    TooDeep,
}

/// The level of a path, from 1.
pub fn level(path: &str) -> usize {
    path.split('/').count()
}

/// Whether a category may stand there, or may have stood there.
pub fn is_path(text: &str) -> bool {
    level(text) <= MOST_LEVELS && text.split('/').all(|handle| handle.parse::<Handle>().is_ok())
}

/// A category on the way from the root to another one, or that one: its handle, and those that it has in locales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub handle: String,
    pub said: BTreeMap<String, String>,
}

/// The path at the end of `way`, from the root on, each handle as the first locale of `chain` says it that does.
pub fn path_in(way: &[Step], chain: &[Locale]) -> String {
    let said =
        |step: &Step| chain.iter().find_map(|locale| step.said.get(locale.as_str())).unwrap_or(&step.handle).clone();
    way.iter().map(said).collect::<Vec<_>>().join("/")
}

/// Whether `path` is `root` or below it.
pub fn is_within(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path of a category with `handle` below `parent` (`None`: a root). `moved` is where it stands so far, `None` for
/// a new one, and `levels` how many levels its subtree has, itself included.
///
/// # Errors
/// [`TreeError`].
pub fn place(moved: Option<&str>, levels: usize, parent: Option<&str>, handle: &Handle) -> Result<String, TreeError> {
    let Some(parent) = parent else {
        return if MOST_LEVELS < levels { Err(TreeError::TooDeep) } else { Ok(handle.to_string()) };
    };
    if moved.is_some_and(|moved| is_within(parent, moved)) {
        return Err(TreeError::Cycle);
    }
    if MOST_LEVELS < level(parent).saturating_add(levels) {
        return Err(TreeError::TooDeep);
    }
    Ok(format!("{parent}/{handle}"))
}

/// Where what stands at `path` is once the subtree of `from` is at `to`: where it was, unless it is of that subtree.
pub fn moved(path: &str, from: &str, to: &str) -> String {
    match path.strip_prefix(from) {
        Some(rest) if is_within(path, from) => format!("{to}{rest}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn handle(text: &str) -> Handle {
        text.parse().unwrap()
    }

    #[test]
    fn a_category_stands_below_any_but_its_own() {
        let tents = handle("tents");
        assert_eq!(place(None, 1, None, &tents).unwrap(), "tents");
        assert_eq!(place(None, 1, Some("outdoor"), &tents).unwrap(), "outdoor/tents");
        // A name that begins alike is another one.
        assert_eq!(place(Some("tent"), 1, Some("tents"), &tents).unwrap(), "tents/tents");
        assert_eq!(place(Some("a"), 2, Some("a"), &tents), Err(TreeError::Cycle));
        assert_eq!(place(Some("a"), 2, Some("a/b"), &tents), Err(TreeError::Cycle));
        assert_eq!(moved("a/b", "a", "c/a"), "c/a/b");
        assert_eq!(moved("ab", "a", "c/a"), "ab");
    }

    #[test]
    fn a_path_is_said_handle_by_handle() {
        let step = |handle: &str, said: &[(&str, &str)]| Step {
            handle: handle.to_owned(),
            said: said.iter().map(|(locale, handle)| ((*locale).to_owned(), (*handle).to_owned())).collect(),
        };
        let way = [
            step("outdoor", &[("fr", "plein-air"), ("fr-CA", "dehors")]),
            step("all", &[]),
            step("tents", &[("fr", "tentes"), ("de", "zelte")]),
        ];
        let chain = |text: &str| text.parse::<Locale>().unwrap().fallbacks().collect::<Vec<_>>();
        assert_eq!(path_in(&way, &chain("fr-CA")), "dehors/all/tentes");
        assert_eq!(path_in(&way, &chain("fr")), "plein-air/all/tentes");
        assert_eq!(path_in(&way, &[]), "outdoor/all/tents");
        assert!(is_path("a/b-c/größe") && is_path(&["x"; 10].join("/")));
        for wrong in ["", "/", "a/", "/a", "a//b", "A", "a\"b", "cat_1", &["x"; 11].join("/")] {
            assert!(!is_path(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_tree_has_ten_levels() {
        let nine = ["x"; 9].join("/");
        assert_eq!(level(&place(None, 1, Some(&nine), &handle("x")).unwrap()), 10);
        assert_eq!(place(None, 2, Some(&nine), &handle("x")), Err(TreeError::TooDeep));
        assert_eq!(place(None, 1, Some(&["x"; 10].join("/")), &handle("x")), Err(TreeError::TooDeep));
        assert_eq!(place(Some("x"), 11, None, &handle("x")), Err(TreeError::TooDeep));
        let thousand = ["x"; 1_000].join("/");
        assert_eq!(place(None, 1, Some(&thousand), &handle("x")), Err(TreeError::TooDeep));
        let long = "x".repeat(Handle::MAX_BYTES);
        let longest = place(None, 1, Some(&[long.as_str(); 9].join("/")), &handle(&long)).unwrap();
        assert_eq!(longest.len(), MOST_PATH_BYTES);
    }

    /// A tree as the database keeps one: by id, its parent, handle and path.
    type Tree = BTreeMap<usize, (Option<usize>, Handle, String)>;

    /// Does what one request does: a new category, or another place for one that is there.
    fn act(tree: &mut Tree, (id, parent, name): (usize, usize, usize)) {
        let parent = Some(parent).filter(|parent| tree.contains_key(parent));
        let parent_path = parent.map(|parent| tree[&parent].2.clone());
        let handle = handle(["a", "b", "ab", "a-b"][name]);
        let from = tree.get(&id).map(|(_, _, path)| path.clone());
        let own = |path: &str| from.as_deref().is_some_and(|from| is_within(path, from));
        let below = tree.values().filter(|(_, _, path)| own(path)).map(|(_, _, path)| level(path)).max();
        let levels = below.zip(from.as_deref()).map_or(1, |(below, from)| below - level(from) + 1);
        let Ok(to) = place(from.as_deref(), levels, parent_path.as_deref(), &handle) else { return };
        let is_taken = |(other, (_, _, path)): (&usize, &(_, _, String))| *other != id && *path == to;
        if tree.iter().any(is_taken) {
            return;
        }
        if let Some(from) = from {
            for (_, _, path) in tree.values_mut() {
                *path = moved(path, &from, &to);
            }
        }
        tree.insert(id, (parent, handle, to));
    }

    proptest! {
        #[test]
        fn moves_never_lose_or_double_a_category_nor_make_a_cycle(
            actions in prop::collection::vec((0..24_usize, 0..30_usize, 0..4_usize), 0..200),
        ) {
            let mut tree = Tree::new();
            let mut made = BTreeSet::new();
            for action in actions {
                let before: BTreeSet<usize> = tree.keys().copied().collect();
                act(&mut tree, action);
                made.extend(tree.keys().copied().filter(|id| !before.contains(id)));
                // None is lost, and each has one place of its own.
                prop_assert_eq!(&tree.keys().copied().collect::<BTreeSet<_>>(), &made);
                let paths: BTreeSet<&str> = tree.values().map(|(_, _, path)| path.as_str()).collect();
                prop_assert_eq!(paths.len(), tree.len());
                for (parent, handle, path) in tree.values() {
                    // The path is what the way to the root says, and that way ends.
                    let mut way = vec![handle.as_str()];
                    let mut next = *parent;
                    while let Some(id) = next {
                        prop_assert!(way.len() <= MOST_LEVELS, "a cycle");
                        way.insert(0, tree[&id].1.as_str());
                        next = tree[&id].0;
                    }
                    prop_assert_eq!(way.join("/"), path.as_str());
                    prop_assert!(level(path) <= MOST_LEVELS);
                }
            }
        }

        #[test]
        fn hostile_paths_are_no_panic(path in ".{0,40}", from in ".{0,10}", to in ".{0,10}") {
            let _ = (moved(&path, &from, &to), level(&path), is_path(&path), place(Some(&from), 1, Some(&path), &handle("x")));
        }
    }
}
