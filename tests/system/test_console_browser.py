"""The admin console in a real browser: Debian's chromium, driven by selenium.

Each test waits for what it expects to see, never for time to pass. Whatever the browser complains about (a script's
error, a blocked resource) fails the test. With MINIREDIS_SCREENSHOTS=FOLDER pictures are written there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from oracle.servers import ServerProcess, free_port

SECONDS = 20
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
)
DESKTOP = (1280, 860)
PHONE = (390, 844)


class Browser:
    """A browser on one console."""

    def __init__(self, folder: Path, web_port: int) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self.home = f"http://127.0.0.1:{web_port}"
        self.look(DESKTOP, dark=False)

    def look(self, size: tuple[int, int], dark: bool) -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def open(self, view: str = "") -> None:
        self.driver.get(self.home + "/")
        if view:
            self.driver.execute_script("location.hash = arguments[0]", f"#/{view}")

    def find(self, selector: str) -> WebElement:
        """The element once it is there and visible."""
        found: WebElement = self.wait(
            lambda: next(
                (each for each in self.driver.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()), None
            )
        )
        return found

    def button(self, label: str) -> WebElement:
        found: WebElement = self.wait(
            lambda: next((each for each in self.shown(By.TAG_NAME, "button") if each.text == label), None)
        )
        return found

    def shown(self, by: str, selector: str) -> list[WebElement]:
        return [each for each in self.driver.find_elements(by, selector) if each.is_displayed()]

    def press(self, path: str) -> None:
        """Click what an XPath finds, however often the page draws it anew meanwhile."""

        def pressed() -> bool:
            found = self.shown(By.XPATH, path)
            if found:
                found[0].click()
            return bool(found)

        self.wait(pressed)

    def field(self, name: str) -> WebElement:
        return self.find(f"dialog [name={name}]")

    def wait(self, condition: Callable[[], Any]) -> Any:
        from selenium.common.exceptions import StaleElementReferenceException

        wait = WebDriverWait(self.driver, SECONDS, 0.05, (StaleElementReferenceException,))
        return wait.until(lambda driver: condition())

    def text(self, selector: str = "#view") -> str:
        return self.find(selector).text

    def wait_for(self, text: str, selector: str = "#view") -> None:
        self.wait(lambda: text in self.driver.find_element(By.CSS_SELECTOR, selector).text)

    def keys(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def picture(self, name: str) -> None:
        folder = os.environ.get("MINIREDIS_SCREENSHOTS")
        if folder:
            self.driver.save_screenshot(str(Path(folder) / f"console-{name}.png"))

    def complaints(self) -> list[str]:
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


Start = Callable[..., ServerProcess]
Open = Callable[..., tuple[Browser, ServerProcess]]


@pytest.fixture
def open_console(start: Start, tmp_path: Path) -> Iterator[Open]:
    """`open_console("--requirepass", "secret")` starts a server and a browser on its console."""
    browsers: list[Browser] = []

    def make(*words: str) -> tuple[Browser, ServerProcess]:
        web_port = free_port()
        server = start("--web-port", str(web_port), *words)
        browsers.append(Browser(tmp_path / "profile", web_port))
        return browsers[-1], server

    yield make
    for browser in browsers:
        complaints = browser.complaints()
        browser.driver.quit()
        assert complaints == []


def test_a_login_and_a_logout(open_console: Open) -> None:
    browser, server = open_console("--requirepass", "secret")
    browser.open()
    browser.picture("login")
    browser.find("[name=password]").send_keys("wrong", Keys.ENTER)
    browser.wait_for("invalid username-password pair", ".problem")
    # The refusal is an answer of status 401, which the browser notes as an error.
    assert all("401" in each for each in browser.complaints())
    browser.find("[name=password]").send_keys("secret", Keys.ENTER)
    browser.wait_for("Operations per second")
    assert "no password" not in browser.driver.page_source.split('id="notice"')[1][:200]
    browser.find(".logout button").click()
    browser.find("[name=password]")
    assert "the login of 'default'" in server.output
    assert "secret" not in server.output


def test_a_user_sees_what_its_rules_allow_and_is_gone_when_deleted(open_console: Open) -> None:
    browser, server = open_console("--requirepass", "secret")
    client = server.connect()
    client(b"AUTH", b"secret")
    client(b"ACL", b"SETUSER", b"alice", b"on", b">wonder", b"~app:*", b"+@read", b"-@dangerous")
    client(b"MSET", b"app:1", b"v", b"other:1", b"v")
    browser.open()
    user = browser.find("[name=user]")
    user.clear()
    user.send_keys("alice")
    browser.find("[name=password]").send_keys("wonder", Keys.ENTER)
    browser.wait_for("NOPERM", ".problem")
    browser.open("keys")
    browser.wait_for("no access", ".keylist")
    client(b"ACL", b"DELUSER", b"alice")
    browser.find("[name=password]")
    # The browser notes that its WebSocket was closed, and answers of status 401.
    assert [each for each in browser.complaints() if "WebSocket" not in each and "401" not in each] == []


def test_users_are_made_and_deleted(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    browser.open("users")
    browser.button("New user").click()
    browser.field("name").send_keys("bob")
    rules = browser.field("rules")
    rules.clear()
    rules.send_keys("on >builder ~site:* +@all")
    browser.button("Create").click()
    browser.wait_for("bob")
    assert client(b"AUTH", b"bob", b"builder") == b"+OK\r\n"
    # The default user cannot be deleted: there is one button only.
    browser.button("Delete").click()
    browser.find("dialog button.danger").click()
    browser.wait(lambda: "bob" not in browser.text())


def test_charts_are_live(open_console: Open) -> None:
    browser, server = open_console()
    browser.open()
    browser.wait_for("The default user has no password", "#notice")
    client = server.connect()
    for _ in range(200):
        client(b"SET", b"key", b"value")
    browser.wait(lambda: browser.driver.find_element(By.CSS_SELECTOR, ".figure").text not in ("", "–", "0\n/s"))
    browser.wait_for("db0")
    browser.wait_for("A primary without replicas.")
    assert browser.driver.execute_script(PAINTED)


#: Whether anything is drawn on the first chart.
PAINTED = """
    const canvas = document.querySelector('.chart canvas');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((byte) => byte);
"""


def test_keys_are_found_made_changed_and_deleted(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    for number in range(250):
        client(b"SET", b"user:%03d" % number, b"value-%d" % number)
    client(b"HSET", b"settings", b"colour", b"green")
    browser.open("keys")
    browser.wait(lambda: len(browser.driver.find_elements(By.CSS_SELECTOR, ".keylist button")) >= 100)
    browser.find("[data-search]").send_keys("settings")
    browser.wait(
        lambda: [each.text for each in browser.driver.find_elements(By.CSS_SELECTOR, ".keylist .name")] == ["settings"]
    )
    browser.find(".keylist button").click()
    browser.wait_for("colour", ".detail")
    browser.find(".detail .editable").click()
    value = browser.field("value")
    value.clear()
    value.send_keys("blue")
    browser.button("Save").click()
    browser.wait(lambda: client(b"HGET", b"settings", b"colour") == b"$4\r\nblue\r\n")
    browser.button("TTL").click()
    browser.field("ttl").send_keys("1000")
    browser.button("Save").click()
    browser.wait_for("expires in 16 min", ".detail")
    browser.button("Delete").click()
    browser.find("dialog button.danger").click()
    browser.wait(lambda: client(b"EXISTS", b"settings") == b":0\r\n")


def test_fields_of_hashes_expire_when_they_are_told_to(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"HSET", b"h", b"short", b"1", b"long", b"2")
    client(b"HEXPIRE", b"h", b"1000", b"FIELDS", b"1", b"short")
    browser.open("keys/0/h")
    browser.wait_for("in 16 min", ".detail")
    browser.wait_for("never", ".detail")
    # Another value leaves the field its time.
    row = "//tr[td[1][text()='short']]"
    browser.press(f"{row}/td[2]/button")
    value = browser.field("value")
    value.clear()
    value.send_keys("changed")
    browser.button("Save").click()
    browser.wait(lambda: client(b"HGET", b"h", b"short") == b"$7\r\nchanged\r\n")
    assert client(b"HTTL", b"h", b"FIELDS", b"1", b"short") not in (b"*1\r\n:-1\r\n", b"*1\r\n:-2\r\n")
    # No time, then one again.
    browser.press(f"{row}/td[3]/button")
    browser.field("ttl").clear()
    browser.button("Save").click()
    browser.wait(lambda: client(b"HTTL", b"h", b"FIELDS", b"1", b"short") == b"*1\r\n:-1\r\n")
    browser.button("Add a field").click()
    browser.field("field").send_keys("new")
    browser.field("value").send_keys("3")
    browser.field("ttl").send_keys("5000")
    browser.button("Add").click()
    browser.wait_for("in 1 h 23 min", ".detail")


def test_an_entry_of_a_stream_has_as_many_fields_as_are_given(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"XADD", b"log", b"1-1", b"f", b"v")
    browser.open("keys/0/log")
    browser.button("Add an entry").click()
    identity = browser.field("id")
    identity.clear()
    identity.send_keys("2-1")
    browser.button("Another field").click()
    browser.wait(lambda: len(browser.shown(By.CSS_SELECTOR, "dialog [name=field]")) == 2)
    for at, (name, value) in enumerate((("total", "5"), ("currency", "EUR"))):
        browser.shown(By.CSS_SELECTOR, "dialog [name=field]")[at].send_keys(name)
        browser.shown(By.CSS_SELECTOR, "dialog [name=value]")[at].send_keys(value)
    browser.button("Another field").click()
    browser.button("Add").click()
    browser.wait_for("currency", ".detail")
    entry = b"*4\r\n$5\r\ntotal\r\n$1\r\n5\r\n$8\r\ncurrency\r\n$3\r\nEUR\r\n"
    assert client(b"XRANGE", b"log", b"2-1", b"2-1") == b"*1\r\n*2\r\n$3\r\n2-1\r\n" + entry


@pytest.mark.parametrize("kind", ["string", "list", "hash", "set", "zset", "stream"])
def test_every_type_can_be_made_and_seen(open_console: Open, kind: str) -> None:
    browser, server = open_console()
    client = server.connect()
    browser.open("keys")
    browser.button("New key").click()
    browser.field("key").send_keys("made")
    browser.find(f"dialog [name=type] option[value={kind}]").click()
    browser.field("value").send_keys("<b>first</b> value")
    browser.button("Create").click()
    browser.wait(lambda: client(b"TYPE", b"made") == b"+%s\r\n" % kind.encode())
    # What is a value is shown as text, whatever it looks like.
    shown = "document.querySelector('.detail textarea')?.value ?? document.querySelector('.detail').innerText"
    browser.wait(lambda: "<b>first</b> value" in (browser.driver.execute_script(f"return {shown}") or ""))


def test_the_command_line_completes_explains_and_answers(open_console: Open) -> None:
    browser, _ = open_console()
    browser.open("line")
    line = browser.find(".ask input")
    line.send_keys("hgeta")
    browser.wait_for("HGETALL", ".hint")
    line.send_keys(Keys.TAB)
    browser.wait_for("HGETALL key", ".hint")
    line.clear()
    for command in (
        'SET k "two words"',
        "GET k",
        "LPUSH l a b",
        "LRANGE l 0 -1",
        "LPUSH k x",
        "HSET h f v",
        "HGETALL h",
        "MULTI",
        "PING",
    ):
        line.send_keys(command, Keys.ENTER)
    browser.wait_for("QUEUED", ".out")
    shown = browser.text(".out")
    for expected in (
        '"two words"',
        "(integer) 2",
        '1) "b"\n2) "a"',
        "(error) WRONGTYPE",
        '1# "f" => "v"',
        "(TX)> PING",
    ):
        assert expected in shown
    line.send_keys("EXEC", Keys.ENTER)
    browser.wait_for("1) PONG", ".out")
    line.send_keys(Keys.UP)
    assert line.get_attribute("value") == "EXEC"


def test_messages_and_the_monitor_are_seen(open_console: Open) -> None:
    browser, server = open_console()
    browser.open("pubsub")
    browser.find("[data-search]").send_keys("news.*", Keys.ENTER)
    browser.wait_for("news.* ✕")
    client = server.connect()
    browser.wait(lambda: client(b"PUBLISH", b"news.sport", b"goal") == b":1\r\n")
    browser.wait_for("goal", ".messages")
    browser.button("Monitor all commands").click()
    browser.wait(lambda: client(b"SET", b"seen", b"yes") and '"SET" "seen"' in browser.text(".messages"))


def test_configuration_is_changed_together(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    browser.open("config")
    browser.find("[data-search]").send_keys("maxmemory")
    for name, value in (("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lru")):
        field = browser.find(f"[aria-label={name}]")
        field.clear()
        field.send_keys(value)
    browser.button("Apply 2").click()
    browser.wait(lambda: b"allkeys-lru" in client(b"CONFIG", b"GET", b"maxmemory-policy"))
    assert b"104857600" in client(b"CONFIG", b"GET", b"maxmemory")


def test_clients_are_listed_and_killed(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"CLIENT", b"SETNAME", b"victim")
    browser.open("clients")
    browser.find("[data-search]").send_keys("victim")
    browser.wait_for("1 of")
    browser.wait_for("victim")
    browser.button("Kill").click()
    browser.find("dialog button.danger").click()
    browser.wait_for("No client matches.")


def test_slow_commands_are_listed(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"CONFIG", b"SET", b"slowlog-log-slower-than", b"0")
    client(b"SET", b"slow:key", b"v")
    browser.open("slow")
    browser.wait_for("SET slow:key v")


def test_streams_and_their_groups_are_seen(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"XADD", b"orders", b"1-1", b"total", b"5")
    client(b"XGROUP", b"CREATE", b"orders", b"billing", b"0")
    client(b"XREADGROUP", b"GROUP", b"billing", b"worker", b"STREAMS", b"orders", b">")
    browser.open("streams")
    browser.find(".keylist button").click()
    browser.wait_for("1 pending")
    browser.button("Acknowledge").click()
    browser.wait_for("0 pending")


def test_streams_of_all_databases_are_listed(open_console: Open) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"XADD", b"first", b"1-1", b"f", b"v")
    client(b"SELECT", b"3")
    client(b"XADD", b"other", b"1-1", b"f", b"v")
    client(b"XGROUP", b"CREATE", b"other", b"readers", b"0")
    browser.open("streams")
    browser.wait(lambda: "db0" in browser.text(".keylist") and "db3" in browser.text(".keylist"))
    next(each for each in browser.shown(By.CSS_SELECTOR, ".keylist button") if "other" in each.text).click()
    browser.wait_for("readers")
    browser.find(".detail a").click()
    browser.wait_for("Add an entry", ".detail")
    assert browser.driver.execute_script("return location.hash") == "#/keys/3/other"


def test_modes_that_are_off_say_so(open_console: Open) -> None:
    browser, _ = open_console()
    for view in ("cluster", "sentinel"):
        browser.open(view)
        browser.wait_for("Not enabled.")


def test_the_keyboard_leads_everywhere(open_console: Open) -> None:
    browser, _ = open_console()
    browser.open()
    browser.wait_for("Overview")
    browser.keys("gk")
    browser.wait_for("New key")
    browser.keys("/")
    assert browser.driver.switch_to.active_element.get_attribute("aria-label") == "Pattern"
    browser.driver.execute_script("document.activeElement.blur()")
    browser.keys("?")
    browser.wait_for("Keyboard", "dialog")
    browser.keys(Keys.ESCAPE)
    browser.keys("gl")
    browser.wait_for("Command line")


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_nothing_is_wider_than_the_window(open_console: Open, size: tuple[int, int], dark: bool) -> None:
    browser, server = open_console()
    client = server.connect()
    client(b"SET", b"a-key-" + b"with-a-long-name-" * 10, b"v" * 3000)
    browser.look(size, dark)
    for view in ("overview", "keys", "line", "clients", "slow", "pubsub", "streams", "config", "users", "cluster"):
        browser.open(view)
        browser.find(f"body[data-view={view}] #view h1")
        wide = browser.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, view
    background = browser.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(17, 19, 18)" if dark else "rgb(246, 246, 244)")


def test_the_page_comes_back_after_a_restart(open_console: Open) -> None:
    browser, server = open_console()
    browser.open()
    browser.wait_for("live", "#state")
    server.stop()
    browser.wait_for("no connection", "#state")
    # The browser notes every try to reach the server as an error of its own.
    assert [each for each in browser.complaints() if "ERR_" not in each and "WebSocket" not in each] == []
