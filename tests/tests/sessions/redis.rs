//! A fleet of processes shares one token in a real Redis, and lives on or says why not when that goes away.

use crate::server::{PARTNER, SECRET, Service};
use countersign_tests::service::{Redis, until};
use countersign_tests::{programs, workspace};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A process of the example `token_worker`; killed on drop.
struct Worker {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start(service: &Service, redis: &str, on_failure: &str) -> Worker {
        let mut process = workspace::example("token_worker")
            .env_clear()
            .env("WORKER_URL", &service.url)
            .env("WORKER_REDIS", redis)
            .env("WORKER_ON_FAILURE", on_failure)
            .env("WORKER_PARTNER", PARTNER)
            .env("WORKER_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let commands = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut worker = Worker { process, commands, answers };
        assert_eq!(worker.answer(), "ready");
        worker
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("it listens");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it prints text");
        line.trim().to_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// All workers make so many calls at the same time; what each says.
fn calls(workers: &mut [Worker], count: usize) -> Vec<String> {
    workers.iter_mut().for_each(|worker| worker.tell(&format!("calls {count}")));
    workers.iter_mut().map(Worker::answer).collect()
}

/// What Redis answers to a command, as lines.
fn ask(redis: &Redis, command: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis listens");
    write!(stream, "{command}\r\nPING\r\n").expect("Redis listens");
    let lines = BufReader::new(stream).lines().map(|line| line.expect("Redis answers"));
    lines.take_while(|line| line != "+PONG").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_cause_one_fetch_between_them() {
    if !programs::available(&["redis-server"]) {
        return;
    }
    let folder = TempDir::new().expect("a folder can be made");
    let (redis, service) = (Redis::start(folder.path()), Service::start().await);
    // Long enough that the other process has to wait for it.
    service.book().takes = Duration::from_millis(200);
    let mut fetches = Vec::new();
    tokio::task::block_in_place(|| {
        let mut workers = [(); 2].map(|()| Worker::start(&service, &redis.url(), "fail"));
        for step in ["start", "end", "rejected"] {
            match step {
                "end" => workers.iter_mut().for_each(|worker| worker.tell("ahead 3600")),
                "rejected" => service.book().valid_from = 3,
                _ => {}
            }
            assert_eq!(calls(&mut workers, 500), ["500", "500"], "{step}");
            fetches.push(service.fetches());
        }
        // One that comes later fetches none.
        let mut late = [Worker::start(&service, &redis.url(), "fail")];
        late[0].tell("ahead 3600");
        assert_eq!(calls(&mut late, 1), ["1"]);
        fetches.push(service.fetches());
    });
    println!("two processes with 500 calls each: tokens fetched so far {fetches:?}");
    assert_eq!(fetches, [1, 2, 3, 3]);

    let keys = ask(&redis, "KEYS *").join(" ");
    assert!(keys.contains("countersign:session:appsmiles/service_token/"), "{keys}");
    assert!(!keys.contains("fetching") && !keys.contains(PARTNER) && !keys.contains("canary"), "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_while_it_fetches_stops_nobody() {
    if !programs::available(&["redis-server"]) {
        return;
    }
    let folder = TempDir::new().expect("a folder can be made");
    let (redis, service) = (Redis::start(folder.path()), Service::start().await);
    service.book().takes = Duration::from_secs(600);
    tokio::task::block_in_place(|| {
        let mut dies = Worker::start(&service, &redis.url(), "fail");
        dies.tell("calls 1");
        until("it fetches", || (service.fetches() == 1).then_some(()));
        drop(dies);
        service.book().takes = Duration::ZERO;
        let keys = ask(&redis, "KEYS countersign:fetching:*");
        let lock = keys.iter().find(|line| line.starts_with("countersign:")).expect("the lock is left behind");
        // Its lease ends now instead of in half a minute.
        assert_eq!(ask(&redis, &format!("PEXPIRE {lock} 300")), [":1"]);
        let mut other = [Worker::start(&service, &redis.url(), "fail")];
        assert_eq!(calls(&mut other, 10), ["10"]);
    });
    assert_eq!(service.fetches(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_has_put_there_makes_way() {
    if !programs::available(&["redis-server"]) {
        return;
    }
    let folder = TempDir::new().expect("a folder can be made");
    let (redis, service) = (Redis::start(folder.path()), Service::start().await);
    tokio::task::block_in_place(|| {
        let mut workers = [Worker::start(&service, &redis.url(), "fail")];
        assert_eq!(calls(&mut workers, 1), ["1"]);
        let keys = ask(&redis, "KEYS countersign:session:*");
        let token = keys.iter().find(|line| line.starts_with("countersign:")).expect("the token is there");
        let lock = token.replace(":session:", ":fetching:");
        // Bytes that are no text; another type than text in the place of the token, and of the lock.
        let lock_of_list = format!("RPUSH {lock} 1");
        for (ends, command) in
            [(1, format!("SET {token} \"\\xff\\xfe\"")), (2, format!("RPUSH {token} 1")), (3, lock_of_list)]
        {
            ask(&redis, &format!("DEL {token}"));
            assert!(!ask(&redis, &command)[0].starts_with('-'), "{command}");
            workers[0].tell(&format!("ahead {}", 3600 * ends));
            assert_eq!(calls(&mut workers, 10), ["10"], "{command}");
        }
    });
    assert_eq!(service.fetches(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_calls_fail_or_fetch_as_they_were_told() {
    if !programs::available(&["redis-server"]) {
        return;
    }
    let folder = TempDir::new().expect("a folder can be made");
    let (redis, service) = (Redis::start(folder.path()), Service::start().await);
    let port = redis.port();
    tokio::task::block_in_place(|| {
        let mut workers = ["fail", "fetch"].map(|told| Worker::start(&service, &redis.url(), told));
        assert_eq!(calls(&mut workers, 10), ["10", "10"]);
        assert_eq!(service.fetches(), 1);

        drop(redis);
        // The token at hand serves on.
        assert_eq!(calls(&mut workers, 10), ["10", "10"]);
        assert_eq!(service.fetches(), 1);

        // When it has ended, one says why, the other helps itself.
        workers.iter_mut().for_each(|worker| worker.tell("ahead 3600"));
        let answers = calls(&mut workers, 100);
        println!("without Redis: {answers:?}, tokens fetched {}", service.fetches());
        assert!(answers[0].starts_with("0 appsmiles get_user"), "{answers:?}");
        assert!(answers[0].contains("no token for service_token: session store failed"), "{answers:?}");
        assert!(!answers[0].contains("127.0.0.1"), "{answers:?}");
        assert_eq!((answers[1].as_str(), service.fetches()), ("100", 2));

        // It comes back, and with it the fleet.
        let _redis = Redis::start_at(folder.path(), port);
        until("calls succeed", || (calls(&mut workers[..1], 1) == ["1"]).then_some(()));
        assert_eq!(service.fetches(), 3);
    });
}
