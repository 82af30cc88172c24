"""Walks the Admin Panel as people do, in headless Chromium. The cargo test beside starts what it needs and runs this.

Arguments: the set-up link, the folder for screenshots, the browsers' programs, how to run `slackwater` on the lab, and the
addresses of all pages, each of which is to be looked at.
Ends at the first thing that isn't as it should be, with a picture of every page that was open then (`failed-*.png`).
"""

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from playwright.sync_api import sync_playwright

import banner
import engine
import entering
import keyboard
import maintenance
import upgrade
from house import House

WALKS = [
    entering.the_setup_link_works_once,
    entering.signing_in_and_out,
    entering.a_viewer_may_look_and_no_more,
    banner.shown_changed_and_taken_down,
    maintenance.on_watched_by_two_and_off_again,
    maintenance.begun_on_the_command_line_and_stopped_here,
    upgrade.maintenance_then_five_pages_to_update_complete,
    keyboard.an_unhealthy_release_and_its_question_by_keys_alone,
    upgrade.a_failing_release_and_its_rollback,
    engine.pages_forms_and_live_parts_in_firefox,
]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--setup-link", required=True)
    arguments.add_argument("--screenshots", type=Path, required=True)
    arguments.add_argument("--browser", required=True)
    arguments.add_argument("--firefox", required=True)
    arguments.add_argument("--program", required=True)
    arguments.add_argument("--pages", required=True)
    given = arguments.parse_args()
    # Chromium's sandbox needs a user who isn't root; CI is.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.browser, args=flags)
        house = House(browser, given.setup_link, given.screenshots, given.program, given.firefox)
        for walk in WALKS:
            name = f"{walk.__module__}: {walk.__name__.replace('_', ' ')}"
            begun = time.monotonic()
            try:
                walk(house)
                house.leave()
            except Exception:
                house.keep_what_is_open()
                print(f"FAILED {name}\n{traceback.format_exc()}\n" + "\n".join(house.faults), flush=True)
                return 1
            print(f"ok     {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        browser.close()
    house.faults += house.pages_nobody_looked_at(given.pages.split())
    if house.faults:
        print("FAILED\n" + "\n".join(house.faults))
        return 1
    print(f"{house.looked_at} looks at pages, in light and dark through axe, on a phone, and without motion.")
    return 0


sys.exit(main())
