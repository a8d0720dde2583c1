// Gradio's client (6.31) opens its stream of answers when a question has been taken and no stream is open. A stream that
// is just ending counts as open until its last message is read, so a question taken in that moment is never heard of
// again. Here that last message waits for questions under way, and a stream that ended too early is opened anew. What has
// ended before the page reads that it was taken needs none: the server would keep one open for nothing.
(function () {
  "use strict";
  const CLOSE = 'data: {"msg":"close_stream"}\n\n';
  const plain = window.fetch;
  const waiting = new Set(); // ids of events that were taken and have not ended
  const ended = new Set(); // ids of events that ended before the answer to their joining was read
  let joining = 0; // requests to take an event that have no answer yet
  let settled = []; // what goes on when there is none

  const join = async (request) => {
    joining += 1;
    try {
      const answer = await plain.apply(window, request);
      const id = answer.ok && (await answer.clone().json()).event_id;
      if (id && !ended.delete(id)) waiting.add(id);
      return answer;
    } finally {
      joining -= 1;
      if (!joining || waiting.size) {
        if (!joining) ended.clear();
        settled.splice(0).forEach((goOn) => goOn());
      }
    }
  };

  const note = (message) => {
    const { msg, event_id: id } = JSON.parse(message.replace(/^data:/, ""));
    if (msg === "process_completed" && !waiting.delete(id) && joining) ended.add(id);
    return msg === "close_stream";
  };

  // The messages of a stream as bytes, one a turn; of streams that follow each other, as of one.
  async function* messages(body, again) {
    for (;;) {
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      const coder = new TextEncoder();
      let rest = "";
      let close = "";
      try {
        for (let read = await reader.read(); !read.done && !close; read = await reader.read()) {
          const parts = (rest + read.value).split("\n\n");
          rest = parts.pop();
          for (const part of parts) {
            const last = /"(?:process_completed|close_stream)"/.test(part) && note(part);
            if (last) close = part;
            else yield coder.encode(`${part}\n\n`);
          }
        }
      } finally {
        reader.cancel().catch(() => {});
      }
      // A joining that takes long keeps back no answer to what was taken already.
      while (close && joining && !waiting.size) await new Promise((goOn) => settled.push(goOn));
      if (!close || !waiting.size) {
        yield coder.encode(close ? `${close}\n\n` : rest);
        return;
      }
      body = (await again()).body;
    }
  }

  const listen = async (request) => {
    const answer = waiting.size ? await plain.apply(window, request) : new Response(CLOSE);
    if (!answer.ok || !answer.body) return answer;
    const all = messages(answer.body, async () => {
      const next = await plain.apply(window, request);
      if (!next.ok || !next.body) throw new TypeError(`${next.status}`);
      return next;
    });
    const body = new ReadableStream({
      async pull(controller) {
        const { value, done } = await all.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => all.return(),
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  };

  window.fetch = (...request) => {
    const path = new URL(request[0].url || request[0], location.href).pathname;
    if (path.endsWith("/queue/join")) return join(request);
    return path.endsWith("/queue/data") ? listen(request) : plain.apply(window, request);
  };
})();
