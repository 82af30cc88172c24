"""A second engine: Debian's Firefox, spoken to over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) as it listens by itself."""

import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from websockets.sync.client import connect

# What a browser asks of the world by itself is nothing that a test wants.
SETTINGS = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}

# How long the browser may take to begin, and to answer.
BEGINS_SECONDS = 60
ANSWERS_SECONDS = 60


class Firefox:
    """One window. Whatever a page's script fails with is a complaint."""

    def __init__(self, program: str):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in SETTINGS.items()]
        (Path(self.profile.name) / "user.js").write_text("".join(lines))
        command = [program, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", self.profile.name]
        self.process = subprocess.Popen(
            [*command, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        self.listens = threading.Event()
        threading.Thread(target=self._hear, daemon=True).start()
        assert self.listens.wait(BEGINS_SECONDS), f"Firefox does not listen: {self.said}"
        address = next(line for line in self.said if "WebDriver BiDi listening on" in line).split()[-1]
        self.socket = connect(f"{address}/session", max_size=None, open_timeout=BEGINS_SECONDS)
        self.asked = 0
        self.complaints: list[str] = []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def _hear(self) -> None:
        for line in self.process.stderr:
            self.said.append(line.strip())
            if "WebDriver BiDi listening on" in line:
                self.listens.set()

    def ask(self, method: str, **parameters) -> dict:
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": parameters}))
        while True:
            told = json.loads(self.socket.recv(timeout=ANSWERS_SECONDS))
            if told.get("type") == "event":
                self._event(told["params"])
            elif told["id"] == self.asked:
                assert told["type"] == "success", told
                return told["result"]

    def _event(self, entry: dict) -> None:
        # A page that is refused is told on the console, and may be what was wanted.
        if entry["level"] == "error" and "Failed to load resource" not in (entry["text"] or ""):
            self.complaints.append(f"Firefox: {entry['type']}: {entry['text']}")

    def goto(self, address: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, expression: str):
        """What an expression comes to, as JSON has it."""
        target = {"context": self.context}
        wrapped = f"(async () => JSON.stringify(await ({expression}) ?? null))()"
        told = self.ask("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        assert told["type"] == "success", f"{expression}: {told}"
        return json.loads(told["result"]["value"])

    def until(self, expression: str, seconds: float = 30):
        """Wait until it comes to something that holds. A page that is being left has no answer."""
        end = time.monotonic() + seconds
        while True:
            try:
                if told := self.evaluate(expression):
                    return told
            except AssertionError as gone:
                if time.monotonic() > end:
                    raise gone
            assert time.monotonic() < end, f"it never came to this: {expression}\n{self.evaluate('document.body.innerText')}"
            time.sleep(0.1)

    def press(self, words: str) -> None:
        """The button of these words, as a script of the browser's own presses it: forms are checked and sent."""
        found = f"[...document.querySelectorAll('button')].find((one) => one.textContent.trim() === {json.dumps(words)})"
        self.until(f"Boolean({found})")
        self.evaluate(f"{found}.click()")

    def fill(self, name: str, value: str) -> None:
        field = f"document.querySelector('[name={name}]')"
        self.until(f"Boolean({field})")
        self.evaluate(
            f"(() => {{ {field}.value = {json.dumps(value)}; {field}.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        )

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()
