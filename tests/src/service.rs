//! The example service and its Redis as processes, which tests start, stop and kill.

use crate::workspace;
use cardlytics_client::runtime::auth::{Credentials, Secret};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a process may take to begin or end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The webhooks' application id.
pub const APPLICATION_ID: &str = "cdlx:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
/// The webhooks' secret.
pub const SECRET: &str = "canary-of-the-webhook-receiver-7c1f";

/// What the sender and the service know.
pub fn credentials() -> Credentials {
    Credentials::new().text("application_id", APPLICATION_ID).keys("secret_key", [Secret::new(SECRET)])
}

/// The example `webhook_receiver`, listening on a free port of 127.0.0.1; killed on drop.
#[derive(Debug)]
pub struct Service {
    process: Child,
    address: String,
}

impl Service {
    /// Starts it with these variables beside its credentials, and waits until it listens.
    ///
    /// # Panics
    /// If it does not.
    pub fn start(variables: &[(&str, &str)]) -> Service {
        let mut process = workspace::example("webhook_receiver")
            .env_clear()
            .env("CARDLYTICS_APPLICATION_ID", APPLICATION_ID)
            .env("CARDLYTICS_SECRET_KEY", SECRET)
            .env("RECEIVER_ADDRESS", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut line = String::new();
        // What it prints later fits into the pipe.
        let mut printed = BufReader::with_capacity(1, process.stdout.take().expect("it is piped"));
        printed.read_line(&mut line).expect("the example prints");
        process.stdout = Some(printed.into_inner());
        let address = line.trim_end().strip_prefix("listening on ").map(str::to_owned);
        Service { address: address.unwrap_or_else(|| panic!("the example says: {line:?}")), process }
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Kills it without a word.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn kill(&mut self) {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a child can be waited for");
    }

    /// Asks it to end (SIGTERM).
    ///
    /// # Panics
    /// If there is no `kill`.
    pub fn ask_to_end(&self) {
        let id = self.process.id().to_string();
        workspace::run(Command::new("kill").args(["-TERM", &id]));
    }

    /// Waits until it ended; how, and all that it printed since it listens.
    ///
    /// # Panics
    /// If it does not end.
    pub fn ended(&mut self) -> (ExitStatus, String) {
        let status = until("the example ends", || self.process.try_wait().expect("a child can be asked"));
        let mut text = String::new();
        self.process.stdout.take().expect("it is piped").read_to_string(&mut text).expect("it prints text");
        self.process.stderr.take().expect("it is piped").read_to_string(&mut text).expect("it prints text");
        (status, text)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A Redis of its own that keeps nothing on disk; killed on drop.
#[derive(Debug)]
pub struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn start(folder: &Path) -> Redis {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Redis::start_at(folder, free.expect("there is a free port").port())
    }

    /// Starts it on a port.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn start_at(folder: &Path, port: u16) -> Redis {
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .args(["--maxmemory-policy", "noeviction", "--dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        let redis = Redis { process, port };
        until("Redis answers", || redis.answers().then_some(()));
        redis
    }

    fn answers(&self) -> bool {
        let ping = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer)?;
            std::io::Result::Ok(answer)
        };
        ping().is_ok_and(|answer| answer == *b"+PONG\r\n")
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// How many lines of a journal begin with a word.
pub fn count(journal: &Path, word: &str) -> usize {
    let text = fs::read_to_string(journal).unwrap_or_default();
    text.lines().filter(|line| line.split(' ').next() == Some(word)).count()
}

/// Waits for something.
///
/// # Panics
/// If it does not come to be.
pub fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = there() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "not in {} s: {what}", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(10));
    }
}
