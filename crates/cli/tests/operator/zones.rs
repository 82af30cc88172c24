//! One zone for what people read, on the terminal, in the panel and in banners.

use crate::cloud::Cloud;
use crate::panel::Served;

#[test]
fn times_are_printed_and_taken_in_the_zone_of_the_settings_or_of_the_command() {
    let cloud = Cloud::with_sample();
    assert_eq!(cloud.run(&["maintenance", "enable", "--yes"]).code, 0);
    let hour_of = |list: &str, column: &str| -> u32 {
        let (head, rest) = list.split_once('\n').expect("a head");
        assert!(head.contains(&format!("began ({column})")), "{list}");
        let time = rest.split_whitespace().find(|word| word.len() == 8 && word.matches(':').count() == 2);
        time.and_then(|time| time[..2].parse().ok()).unwrap_or_else(|| panic!("no time in {list}"))
    };
    let utc = hour_of(&cloud.run(&["run", "list"]).out, "UTC");
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    cloud.write("slackwater.toml", &format!("time_zone = \"Asia/Tokyo\"\n{settings}"));
    assert_eq!(hour_of(&cloud.run(&["run", "list"]).out, "Asia/Tokyo"), (utc + 9) % 24);
    let said = cloud.run(&["--time-zone", "Asia/Dubai", "run", "list"]);
    assert_eq!(hour_of(&said.out, "Asia/Dubai"), (utc + 4) % 24);
    let after = cloud.run(&["run", "list", "--time-zone", "Asia/Dubai"]);
    assert_eq!(after.out, said.out, "before the command or behind it");
    for (arguments, says) in [
        (&["status"][..], " JST"),
        (&["run", "show"], " JST"),
        // Where nobody could take a zone for UTC there is none.
        (&["status", "--output", "json"], "Z\""),
        (&["maintenance", "enable", "--yes", "--at", "noon"], "a time of day in Asia/Tokyo (22:00)"),
    ] {
        let shown = cloud.run(arguments);
        assert!(format!("{}{}", shown.out, shown.err).contains(says), "{arguments:?}: {shown:?}");
        assert!(!shown.out.contains(" UTC"), "{arguments:?}: {shown:?}");
    }
}

#[test]
fn the_panel_shows_the_zone_of_the_settings() {
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    cloud.write("slackwater.toml", &format!("time_zone = \"Asia/Tokyo\"\n{settings}"));
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let page = served.ask("GET", "/", &[("cookie", &ada.cookie)], "");
    assert!(page.contains("<meta name=\"time-zone\" content=\"Asia/Tokyo\">"), "{page}");
}

#[test]
fn a_zone_that_is_none_is_said_with_its_place() {
    let cloud = Cloud::with_sample();
    let wrong = cloud.run(&["status", "--time-zone", "Europe/Pariss"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("there is no time zone \"Europe/Pariss\": write UTC, or a name"), "{wrong:?}");
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    cloud.write("slackwater.toml", &format!("time_zone = \"Mars/Olympus\"\n{settings}"));
    let wrong = cloud.run(&["status"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(
        wrong.err.contains("slackwater.toml:1:")
            && wrong.err.contains("there is no time zone \"Mars/Olympus\""),
        "{wrong:?}"
    );
}
