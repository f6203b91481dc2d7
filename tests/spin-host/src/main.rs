//! Serves one Spin HTTP component on wasmtime, the way Spin 4 does: an instance serves up to 128
//! requests, 16 at a time, and lives on for a second when idle. A test tool, nothing else: one component,
//! no manifest, no TLS on the listening side, no list of allowed hosts.
//!
//! ```text
//! spin-host --component api.wasm --listen 127.0.0.1:0 --variable database_url=http://127.0.0.1:8080
//! ```
//!
//! Prints the address it listens on (`http://127.0.0.1:41234`) as its only line on stdout. The
//! component's own output goes to stderr. `--stop-with-stdin` ends it when stdin closes, so that it
//! never outlives the test that started it.
//!
//! ```text
//! spin-host --command program.wasm WORD...
//! ```
//!
//! runs a component that is a program, once.

mod command;
mod compiled;
mod instance;
mod variables;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use wasmtime::component::Linker;
use wasmtime::error::Context;
use wasmtime::{Config, Engine, Result, bail};
use wasmtime_wasi_http::handler::{ProxyHandler, Response};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use instance::{Guest, Instances};

type Handler = ProxyHandler<Instances>;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, words @ ..] = words.as_slice()
        && first == "--command"
    {
        return command::run(words).await;
    }
    let options = Options::parse(words.into_iter())?;
    let handler = ProxyHandler::new(instances(&options)?);
    let listener = TcpListener::bind(options.listen).await.context("cannot listen")?;
    println!("http://{}", listener.local_addr()?);
    if options.stop_with_stdin {
        std::thread::spawn(|| {
            let _closed_or_broken = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            std::process::exit(0);
        });
    }
    loop {
        let (connection, client) = listener.accept().await?;
        tokio::spawn(serve(connection, client, handler.clone()));
    }
}

/// Compiles the component and links it to WASI 0.2 (which Rust's std uses), WASI 0.3 and Spin's variables.
fn instances(options: &Options) -> Result<Instances> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    let engine = Engine::new(&config)?;
    let component = compiled::load(&engine, &options.component).context("cannot load the component")?;
    let mut linker: Linker<Guest> = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    variables::add_to_linker(&mut linker, Arc::new(options.variables.clone()))?;
    let service = ServicePre::new(linker.instantiate_pre(&component)?)?;
    Ok(Instances::new(engine, service))
}

async fn serve(connection: TcpStream, client: SocketAddr, handler: Handler) {
    let _best_effort = connection.set_nodelay(true);
    let service = service_fn(move |request| {
        let handler = handler.clone();
        async move { Ok::<_, std::convert::Infallible>(answer(&handler, client, request).await) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await {
        eprintln!("spin-host: connection: {error}");
    }
}

/// The component's answer, or a bare 500 where it gave none, as Spin does.
async fn answer(handler: &Handler, client: SocketAddr, request: hyper::Request<Incoming>) -> Response {
    let outcome = match as_spin_hands_it_on(request, client) {
        Ok(request) => handler.handle((), request.map(|body| body.map_err(Into::into).boxed_unsync())).await,
        Err(error) => Err(error),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("spin-host: {error:?}");
        let body = Full::new(bytes::Bytes::new()).map_err(|never| match never {}).boxed_unsync();
        let mut response = http::Response::new(body);
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// A component sees scheme and authority beside the path; HTTP/1.1 carries the authority in `Host`. And it sees
/// the client's address, which Spin writes behind whatever the client sent by that name.
fn as_spin_hands_it_on(mut request: hyper::Request<Incoming>, client: SocketAddr) -> Result<hyper::Request<Incoming>> {
    request.headers_mut().append("spin-client-addr", client.to_string().parse()?);
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = http::Uri::builder().scheme("http").authority(host).path_and_query(target).build()?;
    *request.uri_mut() = uri;
    Ok(request)
}

struct Options {
    component: PathBuf,
    listen: SocketAddr,
    variables: HashMap<String, String>,
    stop_with_stdin: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Options> {
        let mut component = None;
        let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut variables = HashMap::new();
        let mut stop_with_stdin = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--component" => component = Some(PathBuf::from(value()?)),
                "--listen" => {
                    listen = value()?.parse::<SocketAddr>().context("--listen wants an address such as 127.0.0.1:0")?;
                }
                "--variable" => {
                    let pair = value()?;
                    let (name, text) = pair.split_once('=').context("--variable wants name=value")?;
                    variables.insert(name.to_owned(), text.to_owned());
                }
                "--stop-with-stdin" => stop_with_stdin = true,
                _ => bail!("unknown option {word}"),
            }
        }
        let component = component.context("--component is missing")?;
        Ok(Options { component, listen, variables, stop_with_stdin })
    }
}
