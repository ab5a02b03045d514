"""A function: it answers a request with a greeting."""

from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports.types import Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam


def answer(request: IncomingRequest) -> str:
    path = request.path_with_query() or "/"
    # Who calls: the host says it, and nobody outside can set this header.
    callers = request.headers().get("casemate-caller-name")
    caller = callers[0].decode() if callers else "whoever you are"
    return f"Hello, {caller}! You asked for {path}.\n"


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        text = answer(request).encode()
        headers = Fields.from_list([("content-type", b"text/plain; charset=utf-8")])
        response = OutgoingResponse(headers)
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            # One write takes up to 4096 bytes.
            for start in range(0, len(text), 4096):
                stream.blocking_write_and_flush(text[start : start + 4096])
        OutgoingBody.finish(body, None)
