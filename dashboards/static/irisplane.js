// Says so when the server does not answer what htmx asks, and when it does again; "/" leads to the search,
// Alt + arrows from one difference of a plan to the next.
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
  let last = null;
  const walk = (on) => {
    const all = [...document.querySelectorAll(".group > summary")];
    if (!all.length) return false;
    const stands = all.findIndex((one) => one.parentElement.contains(document.activeElement));
    const here = stands < 0 ? all.indexOf(last) : stands;
    const next = here < 0 ? (on ? 0 : all.length - 1) : (here + (on ? 1 : all.length - 1)) % all.length;
    last = all[next];
    last.parentElement.open = true;
    last.focus({ preventScroll: true });
    last.scrollIntoView({ block: "start" });
    return true;
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const down = event.key === "ArrowDown";
    if (!event.altKey || event.ctrlKey || event.metaKey || typing || !(down || event.key === "ArrowUp")) return;
    if (walk(down)) event.preventDefault();
  });
  for (const bar of document.querySelectorAll(".walk")) {
    bar.hidden = false;
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("[data-walk]");
      if (button) walk(button.dataset.walk === "on");
    });
  }
  document.addEventListener("htmx:error", () => say(true));
  document.addEventListener("htmx:after:swap", () => say(false));
})();
