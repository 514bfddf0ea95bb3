// Says so when the server does not answer what htmx asks, and when it does again; "/" leads to the search,
// Alt + arrows from one difference of a plan to the next.
// A form waits until the server answers, and says so. Everything works without it.
(() => {
  const tell = (name, so) => {
    const notice = document.getElementById(name);
    if (notice) notice.hidden = !so;
  };
  const say = (away) => tell("away", away);
  const here = document.querySelector(".top nav [aria-current]");
  if (here) { // on a phone the places are wider than the screen; no scrollIntoView: the first Tab would begin there
    const nav = here.closest("nav");
    nav.scrollLeft += here.getBoundingClientRect().right - nav.getBoundingClientRect().right + 16;
  }
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
  // A form leaves the page only when the server is there: else it stays, with what was typed, and that is told.
  let sending = null;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented || form.dataset.sure) return;
    event.preventDefault();
    if (sending === form) return; // pressed twice
    sending = form;
    const late = setTimeout(() => tell("slow", true), 2000);
    fetch("/api/v1/health", { cache: "no-store" })
      .then((answer) => {
        if (answer.status >= 500) throw answer;
        say(false);
        form.dataset.sure = "yes";
        form.requestSubmit(event.submitter);
        delete form.dataset.sure;
        setTimeout(() => { sending = null; }, 1000);
      })
      .catch(() => {
        clearTimeout(late);
        tell("slow", false);
        say(true);
        sending = null;
      });
  });
  addEventListener("pageshow", () => { tell("slow", false); sending = null; });
  document.addEventListener("htmx:error", () => say(true));
  document.addEventListener("htmx:after:swap", () => say(false));
})();
