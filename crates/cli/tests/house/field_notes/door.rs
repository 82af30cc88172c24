//! 18: a release that replaces the load balancer, and so the listener.

use conductor::Ended;
use upgrade::Outcome;

use super::{Scene, after, has, quiet_release};
use crate::full::Material;
use crate::outside::Way;

/// For how many seconds in a row strangers may meet the new listener before it is closed: CloudFormation's event has to be
/// seen first, which is looked for every two seconds.
const OPEN_SECONDS: usize = 8;

/// A listener's own properties replace nothing: it goes with its load balancer, whose name is create-only. A target group
/// can't be used by two load balancers, so the release makes a new one of another port, which is create-only as well.
fn replacing_release(material: &mut Material) {
    quiet_release(material);
    material.to = after(&material.to, "      Type: application\n", "      Name: platform-two\n");
    material.to = material.to.replacen("      Port: 8080\n", "      Port: 8081\n", 1);
}

pub async fn a_listener_that_the_update_replaces_is_closed_as_soon_as_it_is_seen() {
    for by_hand in [false, true] {
        let what = format!("maintenance by hand: {by_hand}");
        let mut scene = Scene::of(replacing_release).await;
        scene.world.full.accepted_replacements = &["HttpsListener", "LoadBalancer"];
        if by_hand {
            scene.world.enable().await;
        }
        let old = scene.full().outside().listener();
        let ((_, ended, report), looks) = scene.full().watched(1, scene.upgrade()).await;
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        let new = scene.full().outside().listener();
        assert_ne!(new, old, "{what}: it was replaced");
        assert!(
            has(&report.came_back, &format!("the gate was closed there as well: {new}")),
            "{what}: {:?}",
            report.came_back
        );
        let open = |look: &crate::outside::Look| look.stranger == Way::Platform && !look.disturbed.is_empty();
        let mut longest = 0;
        let mut row = 0;
        for look in &looks {
            row = if open(look) { row + 1 } else { 0 };
            longest = longest.max(row);
        }
        assert!(longest <= OPEN_SECONDS, "{what}: the new door stood open for {longest} s");
        assert_eq!(scene.look().await.stranger, Way::Platform, "{what}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}
