use super::{ProposalError, Proposals, Stage, Timestamp, WishedTemplate};
use crate::proposals::{RehearsalPart, RehearsalStanding, UnderWay};

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

#[test]
fn a_rehearsal_under_way_ends_with_the_process_and_a_finished_one_stays_with_its_revision() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proposals.sqlite");
    let proposals = Proposals::open(&path).expect("it opens");
    let made = proposals.make("lab", file("one"), "ada", NOW).expect("made");
    assert!(matches!(proposals.begin_rehearsal(&made.id, NOW), Err(ProposalError::Unseen)));
    let seen = proposals.change(&made.id, None, |proposal| {
        proposal.stage = Stage::Seen;
        Ok::<_, ProposalError>(())
    });
    let seen = seen.expect("changed");
    let revision = seen.revision;
    proposals.begin_rehearsal(&made.id, NOW).expect("begun");
    assert!(matches!(proposals.begin_rehearsal(&made.id, NOW), Err(ProposalError::IsRehearsed)));
    let goes_on = |part, done| proposals.rehearsal_goes_on(&made.id, revision, part, done, 200);
    assert!(
        goes_on(RehearsalPart::Runs, 7) && goes_on(RehearsalPart::Runs, 6),
        "threads overtake each other"
    );
    assert!(!proposals.rehearsal_goes_on(&made.id, revision + 1, RehearsalPart::Runs, 9, 200));
    let expected = UnderWay { since: NOW, part: RehearsalPart::Runs, done: 7, all: 200 };
    assert_eq!(proposals.rehearsal(&seen).expect("readable"), RehearsalStanding::UnderWay(expected));
    drop(proposals);

    let proposals = Proposals::open(&path).expect("it opens again");
    assert_eq!(proposals.rehearsal(&seen).expect("readable"), RehearsalStanding::None);
    let stray = proposals.end_rehearsal(&made.id, revision, Err("late".to_owned()), NOW);
    stray.expect("thrown away");
    assert_eq!(proposals.rehearsal(&seen).expect("readable"), RehearsalStanding::None, "nobody had begun it");
    proposals.begin_rehearsal(&made.id, NOW).expect("begun");
    proposals.end_rehearsal(&made.id, revision, Err("blocked".to_owned()), NOW).expect("written");
    drop(proposals);

    let proposals = Proposals::open(&path).expect("it opens again");
    let failed = RehearsalStanding::Failed { at: NOW, reason: "blocked".to_owned() };
    assert_eq!(proposals.rehearsal(&seen).expect("readable"), failed);
    let changed = proposals.change(&made.id, None, |proposal| {
        proposal.revision += 1;
        Ok::<_, ProposalError>(())
    });
    assert_eq!(proposals.rehearsal(&changed.expect("changed")).expect("readable"), RehearsalStanding::None);
}
