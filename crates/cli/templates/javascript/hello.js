// A function: it answers a request with a greeting.

addEventListener("fetch", (event) => event.respondWith(handle(event.request)));

async function handle(request) {
  const path = new URL(request.url).pathname;
  // Who calls: the host says it, and nobody outside can set this header.
  const caller = request.headers.get("casemate-caller-name");
  return new Response(`Hello, ${caller}! You asked for ${path}.\n`, {
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
