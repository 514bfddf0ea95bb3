// Follows what runs by the server's events: each is a reason to read the live part again, at most twice a second. While
// there is no stream (the server is away, a proxy holds it back, another one ended it) the part is read every so often,
// as data-every says in seconds, and the stream is sought again. A page that nobody looks at asks for nothing.
(() => {
  const LEAST = 500;
  const AGAIN = 2000;
  const DEAF = 40_000; // the server says "still here" every fifteen seconds
  let stream = null;
  let flowing = false;
  let heard = 0;
  let seen = 0;
  let due = 0;
  let sought = 0;
  const live = () => document.querySelector("[data-events]");
  const read = () => {
    due = 0;
    seen = performance.now();
    live()?.dispatchEvent(new CustomEvent("news"));
  };
  const news = () => {
    due ||= setTimeout(read, Math.max(0, LEAST - (performance.now() - seen)));
  };
  const follow = async () => {
    if (stream || document.hidden || !live()) return;
    const mine = stream = new AbortController();
    sought = performance.now();
    let deaf = 0;
    const patience = () => {
      clearTimeout(deaf);
      deaf = setTimeout(() => mine.abort(), DEAF);
    };
    try {
      patience();
      const { events, after } = live().dataset;
      const answer = await fetch(`${events}${events.includes("?") ? "&" : "?"}after=${Math.max(heard, after)}`, {
        signal: mine.signal, cache: "no-store", headers: { Accept: "text/event-stream" },
      });
      if (!answer.ok) throw answer;
      const lines = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await lines.read();
        if (done) break;
        patience();
        flowing = true;
        const whole = (rest + value).split("\n");
        rest = whole.pop();
        const ids = whole.filter((line) => line.startsWith("id: "));
        if (!ids.length) continue;
        heard = Number(ids.at(-1).slice(4));
        news();
      }
    } catch {
      // the server is away, or nobody looks any more: the clock below goes on
    }
    clearTimeout(deaf);
    if (stream === mine) {
      stream = null;
      flowing = false;
    }
  };
  const leave = () => {
    stream?.abort();
    stream = null;
    flowing = false;
  };
  const tick = () => {
    const part = live();
    if (!part) leave();
    if (!part || document.hidden) return;
    // a stream that flows may still tell nothing: what numbers the events may be away
    if (performance.now() - seen >= part.dataset.every * (flowing ? 5000 : 1000)) read();
    if (!flowing && performance.now() - sought >= AGAIN) follow();
  };
  if (!live()) return;
  seen = performance.now();
  follow();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return leave();
    news();
    follow();
  });
  addEventListener("pagehide", leave);
})();
