//! What is restored is what was captured.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::grove::{Contents, Kind, Plant, assert_same, describe, plant, plants};
use crate::home::Home;

/// Where a tree lies that was restored into another directory.
fn below(into: &Path, root: &Path) -> std::path::PathBuf {
    into.join(root.strip_prefix("/").unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_comes_back_elsewhere_and_in_place(before in plants(), after in plants()) {
        let home = Home::new();
        plant(&home.tree(), &before);
        let wanted = describe(&home.tree());
        let id = home.created();
        home.assert_whole("after create");

        let into = home.dir().join("elsewhere");
        home.restore_into(&id, &into).unwrap();
        assert_same(&describe(&below(&into, &home.tree())), &wanted, "elsewhere");

        // Another tree, and what is left of this one where the other has nothing.
        let old: Vec<&Plant> = before.iter().step_by(2).collect();
        for plant in old {
            let path = home.tree().join(&plant.path);
            if path.ancestors().skip(1).take_while(|a| *a != home.tree()).any(Path::is_symlink) {
                continue;
            }
            drop(fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)));
        }
        plant(&home.tree(), &after);
        home.restore(&id).unwrap();
        assert_same(&describe(&home.tree()), &wanted, "in place");
    }
}

fn cases() -> u32 {
    if std::env::var_os("PLIMSOLL_SLOW_TESTS").is_some() { 400 } else { 24 }
}

#[test]
fn four_gigabytes_of_hole_take_no_time_and_no_room() {
    let home = Home::new();
    let contents = Contents::Sparse(2 << 30, b"in the middle".to_vec(), 2 << 30);
    let big = Plant {
        path: "big".into(),
        kind: Kind::File(contents),
        mode: 0o600,
        mtime: std::time::Duration::from_secs(5),
    };
    plant(&home.tree(), &[big]);
    let wanted = describe(&home.tree());
    let id = home.created();
    let into = home.dir().join("elsewhere");
    home.restore_into(&id, &into).unwrap();
    let restored = below(&into, &home.tree());
    assert_same(&describe(&restored), &wanted, "elsewhere");
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(restored.join("big")).unwrap();
    assert!(found.blocks() * 512 < 4 << 20, "{} blocks", found.blocks());
}

#[test]
fn a_link_that_takes_a_directorys_place_does_not_lead_the_removal_elsewhere() {
    let home = Home::new();
    let outside = home.dir().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "kept").unwrap();
    std::os::unix::fs::symlink(&outside, home.tree().join("way")).unwrap();
    let id = home.created();
    fs::remove_file(home.tree().join("way")).unwrap();
    fs::create_dir(home.tree().join("way")).unwrap();
    fs::write(home.tree().join("way/precious"), "in the directory").unwrap();
    home.restore(&id).unwrap();
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"kept");
    assert!(home.tree().join("way").is_symlink());
}
