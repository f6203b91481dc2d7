//! Serving a router over HTTP/1.1 and HTTP/2 on a listener, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::limits::ClientAddress;
use crate::port::BoxFuture;
use crate::port::defer::Defer;

/// How long requests in flight may take to end once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// A client that has not sent a request's head in this time is let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Work after the response is a task of the runtime.
pub struct SpawnDefer;

impl Defer for SpawnDefer {
    fn defer(&self, work: BoxFuture<'static, ()>) {
        tokio::spawn(work);
    }
}

/// Serves until `stop` ends; then lets requests in flight end, for ten seconds at most.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let http = Arc::new(http);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let client = ClientAddress::new(peer.ip());
                let watcher = graceful.watcher();
                let (http, router) = (Arc::clone(&http), router.clone());
                tokio::spawn(async move { converse(stream, client, &http, router, watcher).await });
            }
            // Out of file descriptors, or the peer is gone already: the next accept may do better.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    drop(listener);
    let _ended_in_time = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

async fn converse(
    stream: TcpStream,
    client: ClientAddress,
    http: &auto::Builder<TokioExecutor>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _best_effort = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(client);
            request.extensions_mut().insert(Arc::new(SpawnDefer) as Arc<dyn Defer>);
            let Ok(response) = router.oneshot(request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
    // A client that hangs up in the middle is no error of ours.
    let _hung_up = watcher.watch(connection).await;
}
