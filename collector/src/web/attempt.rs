//! One address of a server, step by step: connection, proxy, TLS, answers. A step that was not reached has no key.

use super::answer::Answer;
use super::http::Reply;
use super::kubeconfig::Cluster;
use super::ladder::Ground;
use super::large_greeting::LargeGreeting;
use super::observe::{Line, Observer};
use super::tcp::{self, CONNECT_TIME, Timed, word_of};
use super::through::{Led, Through};
use super::url::ServerUrl;
use crate::clock::milliseconds;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How far one address came.
#[derive(Debug, Default, Serialize)]
#[serde(default)]
pub(crate) struct Attempt {
    /// The address; that of the proxy, where there is one between; empty when none is known.
    address: String,
    /// `connected`, `refused`, `timeout`, `unreachable`, `reset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp_ms: Option<u64>,
    #[serde(flatten)]
    led: Led,
    /// `ok`, `not-tls`, `alert`, `eof`, `timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    /// What the port speaks, where it is not what the URL says: `http`, `tls`, `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    speaks: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chain: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_cas: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    http: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_skew_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_uncertainty_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    large_greeting: Option<LargeGreeting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Where an attempt goes.
#[derive(Debug, Clone)]
pub(crate) struct Way<'a> {
    /// The server.
    pub(crate) cluster: &'a Cluster,
    /// Address to connect to.
    pub(crate) address: SocketAddr,
    /// The proxy that this is, which is asked for the way to the server.
    pub(crate) proxy: Option<Through>,
    /// Paths to ask for.
    pub(crate) paths: &'static [&'static str],
}

/// Each path gets a connection of its own, so that a server which hangs up after one answer is no fault.
pub(crate) fn attempt(way: &Way<'_>, ground: &Ground) -> Attempt {
    let mut attempt = Attempt {
        address: way.address.ip().to_string(),
        ..Attempt::default()
    };
    let name = way.name();
    let observer = match Observer::new(name, way.address.ip()) {
        Ok(observer) => observer,
        Err(error) => {
            attempt.error = Some(error.to_string());
            return attempt;
        }
    };
    if way.paths.is_empty() {
        attempt.error = attempt.greet_only(way, &observer, ground).err();
    }
    for path in way.paths {
        if let Err(why) = attempt.step(way, &observer, path, ground) {
            attempt.error = Some(why);
            break;
        }
    }
    if attempt.tls == Some("ok") && way.proxy.is_none() && !way.paths.is_empty() {
        attempt.large_greeting = LargeGreeting::send(name, way.address, ground.deadline);
    }
    attempt
}

impl Way<'_> {
    fn server(&self) -> &ServerUrl {
        &self.cluster.server
    }

    /// The name that the certificate should have.
    fn name(&self) -> &str {
        let own = self.cluster.server_name.as_ref();
        own.unwrap_or(&self.cluster.server.host)
    }
}

impl Attempt {
    /// An address that is not tried yet.
    pub(crate) fn waiting(address: IpAddr) -> Self {
        Self {
            address: address.to_string(),
            error: Some("not done when the time for probes was over".to_owned()),
            ..Self::default()
        }
    }

    /// One that did not even come to an address.
    pub(crate) fn failed(why: String) -> Self {
        Self {
            error: Some(why),
            ..Self::default()
        }
    }

    /// Connects and shakes hands; nothing is asked.
    fn greet_only(
        &mut self,
        way: &Way<'_>,
        observer: &Observer,
        ground: &Ground,
    ) -> Result<(), String> {
        let stream = self.connect(way, ground.deadline)?;
        if way.server().secure {
            self.greet(way, observer, stream)?;
        }
        Ok(())
    }

    fn step(
        &mut self,
        way: &Way<'_>,
        observer: &Observer,
        path: &'static str,
        ground: &Ground,
    ) -> Result<(), String> {
        let stream = self.connect(way, ground.deadline)?;
        let secure = way.server().secure;
        let line = if secure {
            self.greet(way, observer, stream)?
        } else {
            Line::Plain(stream)
        };
        let (began, before) = (Instant::now(), ground.clock.now());
        let reply = line.ask(way.server(), path);
        let took = began.elapsed();
        let after = ground.clock.now();
        if !secure && self.speaks.is_none() && speaks_tls_only(&reply) {
            self.speaks = self.look_for_tls(way, observer);
        }
        let reply = reply.map_err(|error| format!("{path}: {error}"))?;
        if self.clock_skew_ms.is_none() && !ground.clock.is_fixed() {
            self.compare_clocks(&reply, before, after);
        }
        self.http.push(Answer::new(path, &reply, took));
        Ok(())
    }

    fn connect(&mut self, way: &Way<'_>, deadline: Instant) -> Result<Timed, String> {
        let began = Instant::now();
        if deadline.saturating_duration_since(began) < CONNECT_TIME {
            return Err("not tried: the time for probes was over".to_owned());
        }
        let connected = tcp::connect(way.address, deadline);
        self.tcp_ms.get_or_insert(milliseconds(began.elapsed()));
        let stream = match connected {
            Ok(stream) => stream.until(deadline.min(Instant::now() + EXCHANGE_TIME)),
            Err(error) => {
                self.tcp.get_or_insert(word_of(&error));
                return Err(error.to_string());
            }
        };
        self.tcp.get_or_insert("connected");
        match &way.proxy {
            Some(proxy) => proxy.lead((stream, way.address.ip()), way.server(), &mut self.led),
            None => Ok(stream),
        }
    }

    fn greet(&mut self, way: &Way<'_>, observer: &Observer, stream: Timed) -> Result<Line, String> {
        let began = Instant::now();
        let (shown, line) = observer.greet(stream);
        if self.tls.is_none() {
            self.tls_ms = Some(milliseconds(began.elapsed()));
            self.tls = Some(line.as_ref().map_or_else(|failure| failure.word, |_| "ok"));
            self.tls_version = shown.version;
            self.cipher = shown.cipher;
            self.chain = shown.chain.iter().map(|der| pem(der)).collect();
            self.client_cas = shown.client_cas;
        }
        line.map_err(|failure| {
            if failure.word == "not-tls" && way.proxy.is_none() {
                self.speaks = Some(look_for_http(way));
            }
            self.alert = failure.alert;
            failure.reason
        })
    }

    /// A server behind a URL without TLS that answers as only servers with TLS do.
    fn look_for_tls(&mut self, way: &Way<'_>, observer: &Observer) -> Option<&'static str> {
        let stream = tcp::connect(way.address, Instant::now() + LOOK_TIME).ok()?;
        let (shown, line) = observer.greet(stream);
        line.ok()?;
        self.tls_version = shown.version;
        self.chain = shown.chain.iter().map(|der| pem(der)).collect();
        Some("tls")
    }

    /// Node minus server at the middle of the exchange; the server's time is stated in whole seconds, cut off.
    fn compare_clocks(&mut self, reply: &Reply, before: DateTime<Utc>, after: DateTime<Utc>) {
        let stated = reply.headers.date.as_deref();
        let Some(stated) = stated.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else {
            return;
        };
        let half_trip = (after - before) / 2;
        let server = stated.to_utc() + HALF_SECOND;
        self.clock_skew_ms = Some((before + half_trip - server).num_milliseconds());
        self.clock_uncertainty_ms = Some((half_trip + HALF_SECOND).num_milliseconds());
    }
}

/// Whether a server that was asked without TLS says, or shows, that it wants it.
fn speaks_tls_only(reply: &std::io::Result<Reply>) -> bool {
    match reply {
        Ok(reply) => reply.status == 400,
        Err(error) => word_of(error) != "timeout",
    }
}

/// What a port that does not answer a TLS greeting answers instead.
fn look_for_http(way: &Way<'_>) -> &'static str {
    let stream = tcp::connect(way.address, Instant::now() + LOOK_TIME);
    let path = way.paths.first().copied().unwrap_or("/");
    let answered = stream.and_then(|stream| Line::Plain(stream).ask(way.server(), path));
    if answered.is_ok() { "http" } else { "other" }
}

/// A certificate in the form in which people read it.
pub(crate) fn pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (at, character) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

const HALF_SECOND: TimeDelta = TimeDelta::milliseconds(500);
/// Handshake and answer of one path.
const EXCHANGE_TIME: Duration = Duration::from_secs(4);
/// Connection and answer of a second look at what a port speaks.
const LOOK_TIME: Duration = Duration::from_secs(2);
