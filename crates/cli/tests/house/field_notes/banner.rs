//! 19: the administrator's own banner.

use conductor::Ended;
use upgrade::Outcome;

use super::Scene;

const OWN: &str = "Symposium on Friday";

/// What is done while it is shown.
#[derive(Debug, Clone, Copy)]
enum Done {
    Upgrade,
    EnableAndDisable,
    EnableAndUpgrade,
    EnableTwiceAndUpgrade,
}

pub async fn the_administrators_own_banner_comes_back() {
    use Done::{EnableAndDisable, EnableAndUpgrade, EnableTwiceAndUpgrade, Upgrade};
    for done in [Upgrade, EnableAndDisable, EnableAndUpgrade, EnableTwiceAndUpgrade] {
        let what = format!("{done:?}");
        let scene = Scene::new().await;
        scene.full().platform.show(OWN);
        let enables = !matches!(done, Upgrade);
        if enables {
            scene.world.enable().await;
            let shown = scene.full().platform.banner();
            assert!(shown.as_deref().is_some_and(|shown| shown != OWN), "{what}: {shown:?}");
        }
        if matches!(done, EnableTwiceAndUpgrade) {
            // Half of it has come back, so entering it again is a run.
            let queue = scene.queue("SystemQueue");
            let order = serde_json::json!({"jobQueue": queue, "state": "ENABLED"});
            scene.post("batch", "/v1/updatejobqueue", &order).await;
            scene.sleep(30).await;
            scene.world.enable().await;
        }
        match done {
            EnableAndDisable => scene.disable().await,
            Upgrade | EnableAndUpgrade | EnableTwiceAndUpgrade => {
                let (_, ended, _) = scene.upgrade().await;
                assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            }
        }
        assert_eq!(scene.stands().await.left, [format!("the banner {OWN}")], "{what}");
    }
}

/// No tag holds a banner's text, so without its journal the administrator's own is not known any more; that ours stays up
/// for good would be worse.
pub async fn the_banner_of_a_maintenance_that_nobody_remembers_is_taken_down() {
    for upgrades in [false, true] {
        for own_since in [false, true] {
            let what = format!("upgrades: {upgrades}, their own banner since: {own_since}");
            let scene = Scene::new().await;
            scene.world.enable().await;
            scene.world.lose_journal();
            if own_since {
                scene.full().platform.show(OWN);
            }
            if upgrades {
                let (_, ended, _) = scene.upgrade().await;
                assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            } else {
                scene.disable().await;
            }
            let wanted = own_since.then(|| format!("the banner {OWN}"));
            assert_eq!(scene.stands().await.left, Vec::from_iter(wanted), "{what}");
        }
    }
}
