//! Which layer holds.
use crate::desk;

#[test]
fn nobody_says_anything_and_the_defaults_hold() {
    let ssot = desk::desk().load().unwrap();
    assert_eq!(*ssot.section::<desk::Ralph>("ralph").unwrap(), desk::Ralph::default());
}
