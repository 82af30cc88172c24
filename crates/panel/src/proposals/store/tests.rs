use super::{ProposalError, Proposals, Stage, Timestamp, WishedTemplate};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn file(text: &str) -> WishedTemplate {
    WishedTemplate::File { name: "t.yaml".to_owned(), text: text.to_owned() }
}

#[test]
fn what_was_being_looked_at_when_the_process_died_is_not_looked_at_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proposals.sqlite");
    let proposals = Proposals::open(&path).expect("it opens");
    let made = proposals.make("lab", file("one"), "ada", NOW).expect("made");
    let looking = proposals.change(&made.id, None, |proposal| {
        proposal.stage = Stage::Looking { since: NOW };
        Ok::<_, ProposalError>(())
    });
    looking.expect("changed");
    drop(proposals);
    let proposals = Proposals::open(&path).expect("it opens again");
    let found = proposals.open_of("lab").expect("readable").expect("open still");
    assert_eq!((found.id.as_str(), &found.stage), (made.id.as_str(), &Stage::Unseen));
    assert_eq!(proposals.template(&found).expect("kept"), file("one"));
}

#[test]
fn a_refused_change_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let proposals = Proposals::open(&folder.path().join("proposals.sqlite")).expect("it opens");
    let made = proposals.make("lab", file("one"), "ada", NOW).expect("made");
    let refused = proposals.change(&made.id, Some(file("two")), |proposal| {
        proposal.made_by = "mallory".to_owned();
        Err(ProposalError::Ended)
    });
    assert!(matches!(refused, Err(ProposalError::Ended)));
    let found = proposals.get(&made.id).expect("there");
    assert_eq!(found, made);
    assert_eq!(proposals.template(&found).expect("kept"), file("one"));
    assert!(matches!(
        proposals.make("lab", file("two"), "grace", NOW),
        Err(ProposalError::OneIsOpen { by, .. }) if by == "ada"
    ));
    assert!(proposals.make("other", file("two"), "grace", NOW).is_ok(), "of another deployment");
}
