"""Chromium without a window, driven over a pipe by its DevTools protocol: pages as people see them.

Input is that of a user, by mouse and keyboard; https://chromedevtools.github.io/devtools-protocol/.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Root cannot use Chromium's own sandbox; the pages are ours.
_COMMAND: Final = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--remote-debugging-pipe", "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "about:blank",
)  # fmt: skip
_CODES: Final = {"Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38,
                 "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}  # fmt: skip
_TEXTS: Final = {"Enter": "\r"}


def is_there() -> bool:
    """Whether a browser is installed."""
    return shutil.which(_COMMAND[0]) is not None


class Browser:
    """A browser with one page.

    `faults` are exceptions in it and what its policy refused; `loaded` has what came from anywhere.
    """

    def __init__(self, requests: int, answers: int, files: Path) -> None:
        self._requests, self._answers, self._files = requests, answers, files
        self._number, self._left = 0, b""
        self._session: dict[str, str] = {}
        self.faults: list[str] = []
        self.loaded: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(f"{domain}.enable")
        self.resize(1200, 900)

    def _send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._requests, json.dumps(asked).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == self._number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    def _next(self) -> dict[str, Any]:
        """The next message; notes what an event says."""
        while b"\0" not in self._left:
            is_ready, _, _ = select.select([self._answers], [], [], LONGEST_S)
            assert is_ready, "the browser does not answer"
            read = os.read(self._answers, 1 << 20)
            assert read, "the browser has ended"
            self._left += read
        message, _, self._left = self._left.partition(b"\0")
        said: dict[str, Any] = json.loads(message)
        match said.get("method"):
            case "Runtime.exceptionThrown":
                details = said["params"]["exceptionDetails"]
                self.faults.append(details.get("exception", {}).get("description", str(details)))
            case "Log.entryAdded":
                self.faults.append(said["params"]["entry"]["text"])
            case "Network.responseReceived":
                self.loaded.append(said["params"]["response"]["url"])
        return said

    def resize(self, width: int, height: int) -> None:
        """Give the window so many pixels."""
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)  # fmt: skip

    def prefer(self, colours: str) -> None:
        """Prefer "light" or "dark"."""
        feature = {"name": "prefers-color-scheme", "value": colours}
        self._send("Emulation.setEmulatedMedia", features=[feature])

    def open(self, content: bytes | str) -> None:
        """Show a page from a new file, and wait until it has been loaded."""
        self._number += 1
        file = self._files / f"{self._number}.html"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.faults.clear()
        self.loaded.clear()
        self._send("Page.navigate", url=file.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page, awaited."""
        found = self._send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press and release keys, named as `KeyboardEvent.key` names them."""
        for key in keys:
            code = _CODES.get(key, ord(key[0].upper()))
            text = {"text": _TEXTS.get(key, key)} if len(key) == 1 or key in _TEXTS else {}
            own = {"key": key, "windowsVirtualKeyCode": code}
            self._send("Input.dispatchKeyEvent", type="keyDown", **own, **text)
            self._send("Input.dispatchKeyEvent", type="keyUp", **own)

    def write(self, text: str) -> None:
        """Type a text where the focus is."""
        self._send("Input.insertText", text=text)

    def point(self, x: float, y: float, kind: str = "mouseMoved", **more: object) -> None:
        """Move the mouse to a point of the window, or press or release its button there."""
        self._send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, expression: str) -> None:
        """Click amid the element that an expression gives, scrolled into the window first."""
        x, y = self.middle(expression)
        self.point(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.point(x, y, kind, button="left", clickCount=1)

    def middle(self, expression: str) -> tuple[float, float]:
        """Where the middle of an element is, once it has been scrolled into the window."""
        x, y = self.value(
            f"(own => {{ own.scrollIntoView({{block: 'center', inline: 'center'}});"
            " const box = own.getBoundingClientRect();"
            f" return [box.x + box.width / 2, box.y + box.height / 2] }})({expression})"
        )
        return x, y

    def cpu_s(self) -> float:
        """The CPU time of the thread that scripts, lays out and paints the page, so far."""
        self._send("Performance.enable", timeDomain="threadTicks")
        metrics = self._send("Performance.getMetrics")["metrics"]
        seconds: float = next(own["value"] for own in metrics if own["name"] == "TaskDuration")
        return seconds

    def screenshot(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self._send("Page.captureScreenshot")["data"])


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A running browser, which keeps its files in a folder."""
    requests_read, requests = os.pipe()
    answers, answers_write = os.pipe()
    # The browser reads from descriptor 3 and writes to 4.
    plumbing = f'exec 3<&{requests_read} 4>&{answers_write}; exec "$@"'
    command = ("bash", "-c", plumbing, "bash", *_COMMAND, f"--user-data-dir={folder / 'profile'}")
    # It would make folders that tests name because they are not there.
    places = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder))
    process = subprocess.Popen(
        command, pass_fds=(requests_read, answers_write), stderr=subprocess.DEVNULL,
        env=os.environ | places,
    )  # fmt: skip
    os.close(requests_read)
    os.close(answers_write)
    try:
        yield Browser(requests, answers, folder)
    finally:
        os.close(requests)
        process.kill()
        process.wait()
        os.close(answers)
