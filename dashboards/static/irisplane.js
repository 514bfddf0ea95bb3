// Says so when the server does not answer what htmx asks, and when it does again. Everything works without it.
(() => {
  const say = (away) => {
    const notice = document.getElementById("away");
    if (notice) notice.hidden = !away;
  };
  document.addEventListener("htmx:error", () => say(true));
  document.addEventListener("htmx:after:swap", () => say(false));
})();
