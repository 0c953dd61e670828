//! What stands between a client and its API, set through the builder: a proxy, roots, names, time-outs of connections,
//! regions; and what becomes of calls that nobody waits for any more. All of it over real sockets.
//!
//! With the feature `native-tls` the tests of TLS run with the operating system's library, too.

use clevertap_client::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use clevertap_client::reqwest::{self, Certificate, ClientBuilder as Http, Proxy};
use clevertap_client::types::UploadRequest;
use clevertap_client::{Client, ClientBuilder, Credentials, ErrorKind, Server};
use countersign_runtime::Hint;
use countersign_tests::answers::{Answer, Answers};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// No machine has this name.
const HOST: &str = "api.acme.test";
const PAGE: &str = r#"{"status":"success","records":[]}"#;

fn builder(url: &str) -> ClientBuilder {
    Client::builder().credentials(Credentials::new("account", "passcode")).base_url(url).no_retry()
}

/// A server that answers pages, and what was asked of it.
fn pages() -> (Answers, Arc<Mutex<Vec<String>>>) {
    let came = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&came);
    let server = Answers::start(move |request| {
        assert_eq!(request.header("x-clevertap-passcode"), Ok("passcode"));
        seen.lock().expect("no handler panics").push(format!("{} {}", request.method, request.target));
        Answer::Json(200, PAGE.to_owned())
    });
    (server, came)
}

fn address(server: &Answers) -> SocketAddr {
    server.url().trim_start_matches("http://").parse().expect("an address")
}

#[tokio::test]
async fn a_proxy_of_the_callers_takes_the_calls() {
    let (proxy, came) = pages();
    let http = Http::new().proxy(Proxy::all(proxy.url()).expect("a URL"));
    let client = builder(&format!("http://{HOST}")).allow_plain_http().reqwest(http).build().expect("a client");
    client.get_events_page("c").await.expect("the proxy answers");
    assert_eq!(*came.lock().expect("the server is idle"), [format!("GET http://{HOST}/1/events.json?cursor=c")]);
}

/// Answers every name with one address.
struct Names(SocketAddr, Arc<AtomicUsize>);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        assert_eq!(name.as_str(), HOST);
        self.1.fetch_add(1, Ordering::SeqCst);
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

#[tokio::test]
async fn names_are_looked_up_where_the_caller_says() {
    let (server, came) = pages();
    let port = address(&server).port();
    let url = format!("http://{HOST}:{port}");
    let asked = Arc::new(AtomicUsize::new(0));
    for http in [
        Http::new().resolve(HOST, address(&server)),
        Http::new().dns_resolver(Names(address(&server), Arc::clone(&asked))),
    ] {
        let client = builder(&url).allow_plain_http().reqwest(http.no_proxy()).build().expect("a client");
        client.get_events_page("c").await.expect("an answer");
    }
    assert_eq!((asked.load(Ordering::SeqCst), came.lock().expect("the server is idle").len()), (1, 2));
}

/// A server of TLS, and the authority that vouches for its name.
async fn secure() -> (SocketAddr, Certificate) {
    let mut authority = CertificateParams::new([]).expect("no names");
    // With the name of what it signs, OpenSSL would take that for signed by itself.
    authority.distinguished_name.push(DnType::CommonName, "Acme's authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = CertificateParams::new([HOST.to_owned()]).expect("a name");
    let certificate = names.signed_by(&key, &authority).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions that fit")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("they belong together");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await? > 0 {}
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{PAGE}",
                    PAGE.len()
                );
                stream.write_all(answer.as_bytes()).await?;
                stream.shutdown().await
            });
        }
    });
    (address, Certificate::from_der(authority.der()).expect("a certificate"))
}

/// Without the caller's roots there is no connection, and nothing was sent; with them there is.
async fn roots_are_the_callers(backend: fn() -> Http) {
    let (address, root) = secure().await;
    let client = |http: Http| {
        let http = http.resolve(HOST, address).no_proxy();
        builder(&format!("https://{HOST}:{}", address.port())).reqwest(http).build().expect("a client")
    };
    let stranger = client(backend());
    let error = stranger.get_events_page("c").await.expect_err("nobody knows the authority");
    assert!(matches!(error.kind(), ErrorKind::Transport(error) if error.is_connect()), "{error:?}");
    assert!(!error.may_be_processed());
    let friend = client(backend().tls_certs_only([root]));
    assert_eq!(friend.get_events_page("c").await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn roots_of_the_callers_own_with_rustls() {
    roots_are_the_callers(|| Http::new().tls_backend_rustls()).await;
}

#[cfg(feature = "native-tls")]
#[tokio::test]
async fn roots_of_the_callers_own_with_native_tls() {
    roots_are_the_callers(|| Http::new().tls_backend_native()).await;
}

/// A listener whose line is full takes no connection, and says nothing. The time-out ends that, and what was never
/// sent may be sent again, also where repeating is not safe.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_does_not_come_is_given_up() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(1).expect("it listens");
    let address = listener.local_addr().expect("an address");
    let mut line = Vec::new();
    let full = loop {
        let connecting = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(300), connecting).await {
            Ok(connected) => line.push(connected),
            Err(_) => break line.len(),
        }
        assert!(line.len() < 100, "the line is never full");
    };
    assert!(full > 0);
    let client = builder(&format!("http://{address}")).connect_timeout(Duration::from_millis(200));
    let client = client.build().expect("a client");
    let began = Instant::now();
    let error = client.upload_records(&UploadRequest::new(Vec::new())).await.expect_err("no connection");
    assert!(error.is_timeout(), "{error:?}");
    assert!(!error.may_be_processed() && error.may_repeat(), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "the time-out that is there at first is 10 s");
}

#[tokio::test]
async fn a_key_of_another_region_is_told() {
    let server = Answers::start(|_| Answer::Json(401, r#"{"status":"fail","error":"Unauthorized","code":401}"#.into()));
    let url = server.url();
    let regional = || {
        let builder = Client::builder().credentials(Credentials::new("account", "passcode")).server(Server::India);
        builder.no_clock_correction()
    };
    let client = regional().base_url_of(move |_| Some(url.clone())).build().expect("a client");
    let error = client.check_customer("adjust").await.expect_err("it is rejected");
    assert_eq!(error.hint(), Some(Hint::OtherServer));
    let end = "; these credentials may belong to another region: try another `Server`";
    assert!(error.to_string().ends_with(end), "{error}");
    // Who talks to one place alone has no other.
    let client = regional().base_url(server.url()).build().expect("a client");
    assert_eq!(client.check_customer("adjust").await.expect_err("it is rejected").hint(), None);
}

/// A server that answers nobody before it is opened, and counts who waits.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar, AtomicUsize)>);

impl Door {
    fn server(&self) -> Answers {
        let door = Arc::clone(&self.0);
        Answers::start(move |_| {
            let (open, opened, count) = &*door;
            count.fetch_add(1, Ordering::SeqCst);
            let open = open.lock().expect("no handler panics");
            drop(opened.wait_while(open, |open| !*open).expect("no handler panics"));
            Answer::Json(200, PAGE.to_owned())
        })
    }

    fn open(&self) {
        *self.0.0.lock().expect("no handler panics") = true;
        self.0.1.notify_all();
    }

    /// Waits until so many requests came.
    async fn came(&self, requests: usize) {
        for _ in 0..3000 {
            if self.0.2.load(Ordering::SeqCst) >= requests {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.0.2.load(Ordering::SeqCst), requests);
    }
}

/// Three calls at once may be made. Calls that are dropped make room for as many, and those that leave the line none.
#[tokio::test]
async fn a_call_that_is_given_up_gives_its_permit_back() {
    let door = Door::default();
    let server = door.server();
    let client = builder(&server.url()).build().expect("a client");
    let call = || tokio::spawn(client.get_events_page("c").into_future());
    let first: Vec<_> = (0..3).map(|_| call()).collect();
    door.came(3).await;
    let leaves = call();
    let waits: Vec<_> = (0..2).map(|_| call()).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    door.came(3).await;
    leaves.abort();
    first[0].abort();
    first[1].abort();
    door.came(5).await;
    door.open();
    for call in waits.into_iter().chain(first.into_iter().skip(2)) {
        call.await.expect("it is not aborted").expect("an answer");
    }
    door.came(5).await;
    let _: reqwest::StatusCode = client.get_events_page("c").await.expect("an answer").status();
    door.came(6).await;
}
