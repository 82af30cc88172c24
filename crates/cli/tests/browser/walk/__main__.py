"""Walks the Admin Panel as people do, in headless Chromium. The cargo test beside starts what it needs and runs this.

Arguments: the set-up link, the folder for screenshots, the browser's program, and how to run `slackwater` on the lab.
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
import entering
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
    upgrade.an_unhealthy_release_and_its_question,
    upgrade.a_failing_release_and_its_rollback,
]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--setup-link", required=True)
    arguments.add_argument("--screenshots", type=Path, required=True)
    arguments.add_argument("--browser", required=True)
    arguments.add_argument("--program", required=True)
    given = arguments.parse_args()
    # Chromium's sandbox needs a user who isn't root; CI is.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.browser, args=flags)
        house = House(browser, given.setup_link, given.screenshots, given.program)
        for walk in WALKS:
            name = f"{walk.__module__}: {walk.__name__.replace('_', ' ')}"
            begun = time.monotonic()
            try:
                walk(house)
                house.leave()
            except Exception:
                house.keep_what_is_open()
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
                return 1
            print(f"ok     {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        browser.close()
    print(f"{house.looked_at} pages looked at, in light and dark through axe, and on a phone.")
    return 0


sys.exit(main())
