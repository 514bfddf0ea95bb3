// Says so when the server does not answer what htmx asks, and when it does again; "/" leads to the search.
// Everything works without it.
(() => {
  const say = (away) => {
    const notice = document.getElementById("away");
    if (notice) notice.hidden = !away;
  };
  document.addEventListener("keydown", (event) => {
    const box = document.getElementById("q-top");
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && box && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    }
  });
  document.addEventListener("htmx:error", () => say(true));
  document.addEventListener("htmx:after:swap", () => say(false));
})();
