// HTTP between WebAssembly and JavaScript, each time with one call and one promise at most: each further crossing costs
// as much as a step of the work itself. Headers are one text, "name\nvalue\n" for each: no value holds a line break.

function pairs(headers) {
  const text = headers.split("\n");
  const pairs = [];
  for (let at = 0; at + 1 < text.length; at += 2) pairs.push([text[at], text[at + 1]]);
  return pairs;
}

function lines(headers) {
  let text = "";
  for (const [name, value] of headers) text += `${name}\n${value}\n`;
  return text;
}

// "method\nurl\n", then the headers.
export function head(request) {
  return `${request.method}\n${request.url}\n${lines(request.headers)}`;
}

export function respond(status, headers, body) {
  // `body` is a view of memory that may move: what lives on is a copy.
  return new Response(body.length === 0 ? null : body.slice(), { status, headers: pairs(headers) });
}

// Answers [status, headers, body]. Throws "timeout" and "too large", and what `fetch` throws.
export async function exchange(method, url, headers, body, millis, limit) {
  const signal = AbortSignal.timeout(millis);
  // A copy again, made before anything is waited for.
  const sent = body.length === 0 ? undefined : body.slice();
  const init = { method, headers: pairs(headers), redirect: "manual", signal, body: sent };
  try {
    const response = await fetch(url, init);
    return [response.status, lines(response.headers), await whole(response, limit)];
  } catch (error) {
    throw signal.aborted ? "timeout" : error;
  }
}

// The signal also ends the reading of the body, so the limit of time holds to the last byte.
async function whole(response, limit) {
  if (response.body === null) return new Uint8Array();
  // The length says what comes only when the runtime has nothing to decompress.
  const length = response.headers.has("content-encoding") ? null : response.headers.get("content-length");
  if (/^[0-9]+$/.test(length ?? "")) {
    if (limit < Number(length)) {
      await response.body.cancel();
      throw "too large";
    }
    return new Uint8Array(await response.arrayBuffer());
  }
  const chunks = [];
  let size = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of response.body) {
    size += chunk.length;
    if (limit < size) throw "too large";
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

// Whether `caches.default` was seen to throw: a runtime that has none will not have one later.
let cacheless = false;

// Answers [headers, body] of what is kept, or null.
export async function recall(url) {
  if (cacheless) return null;
  try {
    const response = await caches.default.match(url);
    if (response === undefined) return null;
    return [lines(response.headers), new Uint8Array(await response.arrayBuffer())];
  } catch {
    cacheless = true;
    return null;
  }
}

export async function remember(url, headers, body) {
  if (cacheless) return;
  await caches.default.put(url, new Response(body.slice(), { headers: pairs(headers) }));
}
