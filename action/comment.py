"""Puts a rehearsal's table into one comment of the pull request that the workflow runs for: the first time it is made, then changed.

Reads GitHub's environment: GITHUB_EVENT_PATH, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_TOKEN. Without a pull request nothing happens.
"""

import json
import os
import sys
import urllib.request

MARK = "<!-- slackwater rehearse -->"
LONGEST = 60_000  # GitHub takes 65,536 characters


def call(method, address, body=None):
    request = urllib.request.Request(address, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["GITHUB_TOKEN"])
    request.add_header("Accept", "application/vnd.github+json")
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def main(path):
    with open(os.environ.get("GITHUB_EVENT_PATH", os.devnull), encoding="utf-8") as file:
        event = json.loads(file.read() or "{}")
    number = event.get("pull_request", {}).get("number")
    if number is None:
        return
    with open(path, encoding="utf-8") as file:
        table = file.read()
    if len(table) > LONGEST:
        table = table[:LONGEST] + "\n\n(cut: the whole table is in the job's summary)\n"
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    repository = f"{api}/repos/{os.environ['GITHUB_REPOSITORY']}"
    body = {"body": f"{MARK}\n{table}"}
    page = 1
    while comments := call("GET", f"{repository}/issues/{number}/comments?per_page=100&page={page}"):
        for comment in comments:
            if comment["body"].startswith(MARK):
                call("PATCH", f"{repository}/issues/comments/{comment['id']}", body)
                return
        page += 1
    call("POST", f"{repository}/issues/{number}/comments", body)


main(sys.argv[1])
