// Draws each chart from the table that stands beside it: times from <time>, values from <data>, names from its head.
// What is read at a point is what stands in the table, as the server wrote it. Without scripts the table is there alone.
(() => {
  const ZONE = "Europe/Brussels";
  const PAPER = 680; // pixels of CSS between the margins of a sheet of A4
  const language = { fr: "fr-BE", nl: "nl-BE" }[document.documentElement.lang] || "en-GB"; // as the server writes numbers
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3]]; // a line is known by its dashes too, never by colour alone
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2, notation: "compact" });
  const when = (parts) => {
    const made = new Intl.DateTimeFormat(language, { timeZone: ZONE, hourCycle: "h23", ...parts });
    return (seconds) => made.format(new Date(seconds * 1000));
  };
  const hour = when({ hour: "2-digit", minute: "2-digit" });
  const day = when({ day: "numeric", month: "short" });
  const month = when({ month: "short", year: "numeric" });

  const read = (table) => {
    const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].map((row) => ({
      at: Date.parse(row.querySelector("time").dateTime) / 1000,
      time: row.cells[0].textContent.trim(),
      cells: [...row.cells].slice(1).map((cell) => {
        const held = cell.querySelector("data");
        return { value: held ? Number(held.value) : null, text: cell.textContent.trim() };
      }),
    }));
    rows.sort((one, other) => one.at - other.at); // a table may show the newest first
    return { names, rows };
  };

  // The labels below the line: hours within days, days within months, months beyond.
  const label = (splits, step) => {
    let before = "";
    return splits.map((at) => {
      const date = day(at);
      const fresh = date !== before;
      before = date;
      if (step >= 28 * 86400) return month(at);
      if (step >= 86400) return date;
      return fresh ? `${hour(at)}\n${date}` : hour(at);
    });
  };

  const spoken = (names, row) => `${row.time}: ${names.map((name, i) => `${name} ${row.cells[i].text}`).join(", ")}`;

  const key = (names) => {
    const line = document.createElement("p");
    line.className = "key";
    const time = line.appendChild(document.createElement("strong"));
    const values = names.map((name, i) => {
      const part = line.appendChild(document.createElement("span"));
      const drawing = part.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
      drawing.setAttribute("class", `line-${(i % 4) + 1}`);
      drawing.setAttribute("viewBox", "0 0 28 6");
      drawing.setAttribute("aria-hidden", "true");
      const stroke = drawing.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
      stroke.setAttribute("d", "M0 3h28");
      part.append(` ${name} `);
      return part.appendChild(document.createElement("b"));
    });
    const tell = (row) => {
      time.textContent = row.time;
      values.forEach((place, i) => { place.textContent = row.cells[i].text; });
    };
    return { line, tell };
  };

  const draw = (figure) => {
    const table = figure.querySelector("table");
    const place = figure.querySelector(".plot");
    const { names, rows } = read(table);
    if (rows.length < 2) return place.classList.add("none"); // a point is no line
    const legend = key(names);
    const caption = figure.querySelector("figcaption").textContent.trim();
    const last = rows.length - 1;
    let at = last;
    const tell = (index) => {
      at = Math.max(0, Math.min(last, index));
      legend.tell(rows[at]);
      place.setAttribute("aria-valuenow", at);
      place.setAttribute("aria-valuetext", spoken(names, rows[at]));
    };
    for (const [name, value] of Object.entries({
      role: "slider", tabindex: "0", "aria-label": caption, "aria-valuemin": 0, "aria-valuemax": last,
      "aria-orientation": "horizontal", "aria-readonly": "true",
    })) place.setAttribute(name, value);
    place.before(legend.line);
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const steps = figure.dataset.shape === "steps" ? uPlot.paths.stepped({ align: 1 }) : undefined;
    const axis = { stroke: () => colour("--soft"), font, ticks: { show: false } };
    const dot = (_, series) => `var(--line-${((series - 1) % 4) + 1})`; // an element, no drawing: it follows the scheme alone
    const size = () => ({ width: Math.max(200, place.clientWidth), height: place.clientHeight });
    const plot = new uPlot({
      ...size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ZONE),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, fill: dot, stroke: dot } },
      scales: { x: { time: true }, y: { range: { min: { pad: 0, soft: 0, mode: 1 }, max: { pad: 0.08, soft: 1, mode: 1 } } } },
      axes: [
        { ...axis, grid: { show: false }, size: 40, values: (_, splits, __, ___, step) => label(splits, step) },
        { ...axis, grid: { stroke: () => colour("--line"), width: 1 }, size: 56,
          values: (_, splits) => splits.map((value) => number.format(value) + (figure.dataset.unit ? `\u00a0${figure.dataset.unit}` : "")) },
      ],
      series: [{}, ...names.map((name, i) => ({
        label: name, stroke: () => colour(`--line-${(i % 4) + 1}`), width: 2, dash: dashes[i % 4], paths: steps,
        points: { show: rows.length < 40, size: 5, fill: () => colour(`--line-${(i % 4) + 1}`) },
      }))],
      hooks: { setCursor: [(made) => { if (made.cursor.idx != null) tell(made.cursor.idx); }] },
    }, [rows.map((row) => row.at), ...names.map((_, i) => rows.map((row) => row.cells[i].value))], place);
    tell(last);
    const go = (index) => {
      tell(index);
      plot.setCursor({ left: plot.valToPos(rows[at].at, "x"), top: 0 }, false);
    };
    const keys = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -rows.length, End: rows.length };
    place.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      go(at + keys[event.key]);
    });
    place.addEventListener("focus", () => go(at));
    new ResizeObserver(() => {
      const wanted = size();
      if (wanted.width !== plot.width || wanted.height !== plot.height) plot.setSize(wanted);
    }).observe(place);
    addEventListener("beforeprint", () => plot.setSize({ width: PAPER, height: place.clientHeight }));
    addEventListener("afterprint", () => plot.setSize(size()));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw(false));
  };

  const all = () => {
    for (const figure of document.querySelectorAll("figure.chart:not([data-drawn])")) {
      figure.dataset.drawn = "yes";
      draw(figure);
    }
  };
  all();
  document.addEventListener("htmx:after:swap", all);
})();
