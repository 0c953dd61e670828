//! A real browser, driven through the DevTools protocol.
//!
//! Chromium reads commands from file 3 and writes answers to file 4, each a line of JSON that a zero byte ends. A shell
//! puts our two pipes there, so no port is opened and nothing has to be waited for.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A browser with one page; ends with the value.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// What the page complained of: messages of its console, errors, refusals of its policy.
    complaints: Vec<String>,
    events: VecDeque<String>,
    _profile: Profile,
}

/// A folder that goes away.
struct Profile(std::path::PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        // The browser may still write there for a moment; what is left is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Browser {
    /// Starts a browser with an empty page.
    ///
    /// # Panics
    /// If it can't be started.
    pub fn start(name: &str) -> Self {
        let profile = std::env::temp_dir().join(format!("countersign-browser-{}-{name}", std::process::id()));
        let call = "exec chromium --headless --remote-debugging-pipe --no-sandbox --disable-gpu --disable-dev-shm-usage \
                    --no-first-run --no-default-browser-check --disable-extensions --disable-background-networking \
                    --force-device-scale-factor=1 --user-data-dir=\"$0\" about:blank 3<&0 4>&1 >/dev/null 2>&1";
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(call).arg(&profile).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().expect("a shell");
        let commands = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut browser = Self {
            child,
            commands,
            answers,
            session: None,
            last: 0,
            complaints: Vec::new(),
            events: VecDeque::new(),
            _profile: Profile(profile),
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = Some(session["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log", "DOM"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method of the protocol; its result comes back.
    ///
    /// # Panics
    /// If the browser refuses, or is gone.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let answer = self.read();
            if answer["id"] == json!(self.last) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.event(&answer);
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = self.answers.read_until(0, &mut bytes).expect("the browser answers");
        assert!(read > 0, "the browser is gone");
        serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes)).expect("JSON")
    }

    fn event(&mut self, event: &Value) {
        let method = event["method"].as_str().unwrap_or_default();
        match method {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                self.complaints.push(event["params"].to_string());
            }
            "Page.javascriptDialogOpening" => self.complaints.push(format!("a dialog: {}", event["params"])),
            _ => {}
        }
        self.events.push_back(method.to_owned());
    }

    /// What the page complained of since the last look.
    pub fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }

    /// Opens a file, and waits until it is there.
    ///
    /// # Panics
    /// If it can't be opened.
    pub fn open(&mut self, file: &Path) {
        self.events.clear();
        let url = format!("file://{}", file.display());
        let opened = self.call("Page.navigate", json!({"url": url}));
        assert!(opened["errorText"].is_null(), "{opened}");
        while !self.events.iter().any(|event| event == "Page.loadEventFired") {
            let event = self.read();
            self.event(&event);
        }
    }

    /// What an expression of the page is; promises are waited for.
    ///
    /// # Panics
    /// If it throws.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Presses the mouse where the first element of a selector is.
    ///
    /// # Panics
    /// If nothing of the kind can be seen.
    pub fn click(&mut self, selector: &str) {
        let selector = serde_json::to_string(selector).expect("text");
        let place = self.value(&format!(
            "(() => {{ const node = document.querySelector({selector}); node.scrollIntoView({{block: 'center'}}); \
             const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2, box.width]; }})()"
        ));
        assert!(place[2].as_f64().is_some_and(|width| width > 0.0), "{selector} can't be seen");
        for (kind, buttons) in [("mousePressed", 1), ("mouseReleased", 0)] {
            let press = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": buttons, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", press);
        }
        self.settle();
    }

    /// Presses a key: a character, or a key by its name.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, None),
            "Enter" => (13, Some("\r")),
            "Escape" => (27, None),
            "ArrowDown" => (40, None),
            key if key.chars().count() == 1 => (0, Some(key)),
            _ => (0, None),
        };
        let mut down = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if let Some(text) = text {
            down["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
        self.settle();
    }

    /// Types a text, key by key.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.press(&c.to_string());
        }
    }

    /// Waits for the page's timers and its next frame.
    fn settle(&mut self) {
        self.value("new Promise(done => setTimeout(() => requestAnimationFrame(() => done(true)), 10))");
    }

    /// The size of the window, and whether it is that of a phone.
    pub fn resize(&mut self, width: u32, height: u32, phone: bool) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Asks the page for its dark or its light colours.
    pub fn scheme(&mut self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// A picture of what can be seen, as PNG in base64.
    ///
    /// # Panics
    /// If the browser makes none.
    pub fn picture(&mut self) -> String {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"}));
        picture["data"].as_str().expect("a picture").to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
