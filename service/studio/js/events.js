/** Server-sent events by `fetch`: EventSource sends no key. */

/** @param {Response} answer @returns {AsyncGenerator<any>} the data of every event, parsed */
export async function* serverSentEvents(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value.replaceAll("\r\n", "\n");
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      const data = buffer.slice(0, end).split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      buffer = buffer.slice(end + 2);
      if (data.length) yield JSON.parse(data.join("\n"));
    }
  }
}
