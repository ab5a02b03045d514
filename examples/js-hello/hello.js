// The smallest function in JavaScript: it answers every request with one line.

addEventListener("fetch", (event) => event.respondWith(handle(event.request)));

async function handle(request) {
  return new Response("Hello, world!\n", { headers: { "content-type": "text/plain; charset=utf-8" } });
}
